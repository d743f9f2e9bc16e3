import type { Elicitation, Sampling } from "@parley/domain/ServerRequests"
import * as Demo from "@parley/provider/Demo"
import * as Registry from "@parley/provider/Registry"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as ServerRequestHandler from "../src/engine/ServerRequestHandler.ts"
import { type Notice, Notices } from "../src/ports/Notices.ts"
import { Questions } from "../src/ports/Questions.ts"

const sampling = (more: Partial<Sampling> = {}): Sampling => ({
  server: "s",
  calls: [],
  ask: true,
  system: "",
  messages: [{ role: "user", content: [{ _tag: "Text", text: "Hello" }] }],
  maxTokens: 50,
  ...more
})
const models = Registry.layer({ providers: [Demo.make()], unavailable: {} })
const form: Elicitation = { _tag: "Form", server: "s", calls: [], message: "Name?", fields: [] }

/** The answers that MCP servers receive with a user who allows sampling, one who refuses it, or no user. */
const handler = (person: "allows" | "refuses" | "absent") =>
  Effect.gen(function* () {
    const asked: Array<string> = []
    const told: Array<Notice> = []
    const questions: Questions = {
      available: person !== "absent",
      approve: () => Effect.succeed({ allowed: true, scope: "once" }),
      elicit: ({ message }) =>
        Effect.as(
          Effect.sync(() => asked.push(message)),
          { _tag: "Cancel" }
        ),
      allowSampling: ({ server }) =>
        Effect.map(
          Effect.sync(() => asked.push(`sampling of ${server}`)),
          () => (person === "allows" ? { allowed: true } : { allowed: false, reason: "the user said no" })
        )
    }
    const requests = yield* ServerRequestHandler.make.pipe(
      Effect.provideService(Questions, questions),
      Effect.provideService(Notices, { notify: (notice) => Effect.sync(() => void told.push(notice)) })
    )
    return { requests, asked, told }
  })
const sample = (requests: Effect.Success<typeof ServerRequestHandler.make>, request: Sampling) =>
  requests.sample?.(request) ?? Effect.die("no sampling")

describe("a request of an MCP server", () => {
  it.effect("is passed to the user of the host, if there is one", () =>
    Effect.gen(function* () {
      const { asked, requests } = yield* handler("allows")
      assert.deepStrictEqual(yield* requests.elicit?.(form) ?? Effect.undefined, { _tag: "Cancel" })
      assert.deepStrictEqual(asked, ["Name?"])
      assert.isUndefined((yield* handler("absent")).requests.elicit)
    }).pipe(Effect.provide(models))
  )

  it.effect("for sampling is answered if the user or the configuration allows it", () =>
    Effect.gen(function* () {
      const { asked, requests, told } = yield* handler("allows")
      assert.strictEqual((yield* sample(requests, sampling()))._tag, "Answered")
      assert.deepStrictEqual(asked, ["sampling of s"])
      assert.strictEqual((yield* sample(requests, sampling({ ask: false })))._tag, "Answered")
      assert.lengthOf(asked, 1, "nobody is asked about what the configuration allows")
      const tokens = told.map((notice) => (notice._tag === "SamplingAnswered" ? notice.tokensInAll : 0))
      assert.strictEqual(tokens[1], 2 * (tokens[0] ?? 0))
      assert.isAbove(tokens[0] ?? 0, 0)
    }).pipe(Effect.provide(models))
  )

  it.effect("for sampling is declined if the user refuses or no user is available", () =>
    Effect.gen(function* () {
      const refusing = yield* handler("refuses")
      assert.deepStrictEqual(yield* sample(refusing.requests, sampling()), {
        _tag: "Declined",
        reason: "the user said no"
      })
      const alone = yield* handler("absent")
      assert.deepStrictEqual(yield* sample(alone.requests, sampling()), {
        _tag: "Declined",
        reason: "there is no person to ask"
      })
      assert.isEmpty(alone.asked)
    }).pipe(Effect.provide(models))
  )

  it.effect("that is refused is reported once for each server and method", () =>
    Effect.gen(function* () {
      const { requests, told } = yield* handler("absent")
      for (const [server, method] of [
        ["s", "elicitation/create"],
        ["s", "elicitation/create"],
        ["s", "sampling/createMessage"],
        ["t", "elicitation/create"]
      ] as const)
        yield* requests.refused?.(server, method) ?? Effect.void
      assert.deepStrictEqual(
        told.map((notice) => (notice._tag === "ServerRequestRefused" ? `${notice.server} ${notice.method}` : "")),
        ["s elicitation/create", "s sampling/createMessage", "t elicitation/create"]
      )
    }).pipe(Effect.provide(models))
  )
})
