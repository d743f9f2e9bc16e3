import { assert } from "@effect/vitest"
import { json, type Problem, type Wire } from "../../packages/harness/src/wires/Step.ts"
import { begunOf, encoded, half, streamed, type Trap } from "./trap.ts"

const refused = (row: string, problem: Problem, end: string, wires?: (wire: Wire) => boolean): Trap => ({
  row,
  name: `a refused request: ${problem}`,
  of: (wire) => (wires?.(wire) === false ? undefined : wire.refuse(problem)),
  end
})
const isNot =
  (name: Wire["name"]) =>
  (wire: Wire): boolean =>
    wire.name !== name

const within = (problem: Problem, end: string): Trap => ({
  row: "P05",
  name: `an error within the stream: ${problem}`,
  of: (wire) => ({ body: [...begunOf(wire), encoded(wire, { ...half, problem }).problem] }),
  end,
  line: "half"
})

const status = (row: string, code: number, end: string): Trap => ({
  row,
  name: `status ${code} with a page of a proxy`,
  of: streamed(() => ({ status: code, headers: { "content-type": "text/html" }, body: ["<html>gone wrong</html>"] })),
  end,
  check: ({ reason }) => assert.match(reason?.detail ?? "", new RegExp(`HTTP ${code}.*gone wrong`))
})

const waits = (name: string, headers: Readonly<Record<string, string>>, millis: number | undefined): Trap => ({
  row: "P01",
  name: `a rate limit with ${name}`,
  of: streamed((wire) => {
    const reply = wire.refuse("rate")
    return { ...reply, headers: { ...reply.headers, ...headers } }
  }),
  end: "RateLimited",
  check: ({ reason }) =>
    assert.strictEqual(reason?._tag === "RateLimited" ? reason.retryAfterMillis : "another reason", millis)
})

/** Traps of statuses, errors and waits. */
export const statusTraps: ReadonlyArray<Trap> = [
  refused("P02", "quota", "QuotaExhausted"),
  refused("P03", "internal", "Overloaded"),
  refused("P04", "overloaded", "Overloaded"),
  refused("P09", "invalid", "InvalidRequest"),
  refused("P11", "key", "Unauthorized"),
  refused("P11", "forbidden", "Unauthorized"),
  refused("P12", "model", "UnknownModel", isNot("effect/ai")),
  refused("P14", "overflow", "ContextOverflow"),
  within("rate", "RateLimited"),
  within("overloaded", "Overloaded"),
  within("internal", "Overloaded"),
  within("quota", "QuotaExhausted"),
  within("key", "Unauthorized"),
  within("overflow", "ContextOverflow"),
  status("P03", 500, "Overloaded"),
  status("P03", 502, "Overloaded"),
  status("P03", 503, "Overloaded"),
  status("P03", 504, "Overloaded"),
  status("P04", 529, "Overloaded"),
  status("P11", 401, "Unauthorized"),
  status("P12", 404, "Unreachable"),
  status("P13", 413, "ContextOverflow"),
  waits("a wait in seconds", { "retry-after": "7" }, 7000),
  waits("a wait in milliseconds", { "retry-after-ms": "120", "retry-after": "7" }, 120),
  waits(
    "a date, counted by the server's clock",
    { "retry-after": "Wed, 21 Oct 2015 07:28:09 GMT", date: "Wed, 21 Oct 2015 07:28:00 GMT" },
    9000
  ),
  waits("an unreadable wait", { "retry-after": "soon" }, undefined),
  waits("no wait", {}, undefined),
  {
    row: "P30",
    name: "an error of the API with status 200",
    of: streamed((wire) => ({ ...wire.refuse("overloaded"), status: 200 })),
    end: "Overloaded"
  },
  {
    row: "P35",
    name: "a redirect to another host",
    of: streamed(() => ({ ...json(307, {}), headers: { location: "http://127.0.0.1:1/v1" } })),
    end: "Unreachable",
    check: ({ reason }) => assert.match(reason?.detail ?? "", /redirects to http:\/\/127\.0\.0\.1:1/)
  },
  {
    row: "P39",
    name: "a connection that closes before the response",
    of: streamed(() => ({ mute: true, last: "cut" })),
    end: "Unreachable"
  }
]
