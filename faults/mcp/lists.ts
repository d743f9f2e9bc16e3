import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { Case } from "../suite.ts"
import { one, play, type Scenario, type Seen, variant } from "./kit.ts"
import { ended, starts } from "./look.ts"
import { pinning } from "./pinned.ts"
import { scripted, type Tool } from "./support/script.ts"
import type { Call } from "./support/turn.ts"

const anything = { type: "object" }

/** The tools of a request, exactly as sent. */
const toolsIn = ({ received }: Seen, request: number): unknown => {
  const body: { readonly tools: unknown } = JSON.parse(received.at(request)?.body ?? "{}")
  return body.tools
}

interface Change {
  readonly name: string
  readonly tools: ReadonlyArray<Tool>
  readonly call: Call
  readonly outcome: RegExp
  /** The tools that are offered in the next round. */
  readonly later: ReadonlyArray<string>
  /** The same with pinned tools. */
  readonly pinned: { readonly outcome: RegExp; readonly later: ReadonlyArray<string> }
}

/** The tools change while the first call runs, and the engine has listed them again before that call ends. */
const changing = (
  { call, tools }: Change,
  { later, outcome }: Change["pinned"],
  options?: Scenario["options"]
): ReturnType<typeof play> =>
  play({
    servers: one({
      tools: ["act", "echo"],
      calls: {
        act: [
          ["tools", tools],
          ["changed"],
          ["until", '"method":"tools/list"', 2],
          // Time for the engine to process the new list, even on a busy machine. The server is not notified of that.
          ["sleep", 5000],
          ["answer", "changed"]
        ]
      }
    }),
    ...(options === undefined ? {} : { options }),
    turns: [["s__act"], [call]],
    look: (seen) => {
      ended("Succeeded: changed", outcome)(seen)
      assert.deepStrictEqual(seen.offered[0], ["s__act", "s__echo"])
      for (const request of [1, 2]) assert.deepStrictEqual(toolsIn(seen, request), toolsIn(seen, 0), "frozen")
      assert.deepStrictEqual(seen.offered.at(-1), later)
      if (options === undefined) assert.notDeepEqual(toolsIn(seen, -1), toolsIn(seen, 0))
      assert.strictEqual(starts(seen.notes), 1)
    }
  })

const needsN = { name: "echo", inputSchema: { ...anything, required: ["n"] } }
const isGone = /^Failed: There is no tool/

const changed: ReadonlyArray<Change> = [
  {
    name: "one more",
    tools: ["act", "echo", "fresh"],
    call: "s__fresh",
    outcome: isGone,
    later: ["s__act", "s__echo", "s__fresh"],
    pinned: { outcome: isGone, later: ["s__act", "s__echo"] }
  },
  {
    name: "one is removed and then called",
    tools: ["act"],
    call: "s__echo",
    outcome: isGone,
    later: ["s__act"],
    pinned: { outcome: isGone, later: ["s__act"] }
  },
  {
    name: "another schema, but it is called with the old one",
    tools: ["act", needsN],
    call: "s__echo",
    outcome: /^Failed: Invalid input/,
    later: ["s__act", "s__echo"],
    pinned: { outcome: /^Failed: The call was not sent: the server has changed/, later: ["s__act"] }
  }
]

/** Without pins, and with them. */
const changes = changed.map((change): Case => ({
  id: "M13",
  name: change.name,
  needs: ["linux"],
  run: Effect.all([changing(change, change), changing(change, change.pinned, pinning)], {
    concurrency: "unbounded",
    discard: true
  })
}))

const page = (tools: ReadonlyArray<string>, nextCursor: string) =>
  ["result", { tools: tools.map((name) => ({ name, inputSchema: anything })), nextCursor }] as const

const listings = ({ notes }: Seen): number => notes.filter(({ method }) => method === "tools/list").length

const pages = [
  variant("M16", "that lead back to themselves", {
    servers: one({ pages: { "": [page(["echo"], "b")], b: [page(["second"], "c")], c: [page(["third"], "b")] } }),
    turns: [["s__echo", "s__third"]],
    look: (seen) => {
      ended("Succeeded: {}", "Succeeded: {}")(seen)
      assert.deepStrictEqual(seen.offered[0], ["s__echo", "s__second", "s__third"])
      assert.match(seen.statuses["s"]?.problem ?? "", /list of tools did not end and was cut/)
      assert.strictEqual(listings(seen), 3)
    }
  }),
  variant("M16", "of a million tools", {
    servers: one({ list: [["page", 500, 1_000_000]] }),
    turns: [["s__tool7"]],
    look: (seen) => {
      ended("Succeeded: {}")(seen)
      assert.strictEqual(seen.offered[0]?.length, 2000)
      assert.match(seen.statuses["s"]?.problem ?? "", /list of tools did not end and was cut/)
      assert.isAtMost(listings(seen), 5)
    }
  }),
  variant("M16", "of which the second fails", {
    servers: (here) => ({
      good: scripted(here, "good", {}),
      s: scripted(here, "s", {
        pages: {
          "": [page(["echo"], "two")],
          two: [["say", '{"jsonrpc":"2.0","id":$id,"error":{"code":-32603,"message":"no page two"}}']]
        }
      })
    }),
    turns: [["good__echo", "s__echo"]],
    look: (seen) => {
      ended("Succeeded: {}", "Succeeded: {}")(seen)
      assert.deepStrictEqual(seen.offered[0], ["good__echo", "s__echo"])
      assert.match(seen.statuses["s"]?.problem ?? "", /^its list of tools is not whole: .*no page two/)
    }
  })
]

export const lists = [...changes, ...pages]
