import { assert } from "@effect/vitest"
import { McpManager } from "@parley/domain/McpManager"
import { Effect, Layer } from "effect"
import { serve } from "../../packages/harness/src/provider/SseServer.ts"
import { answer } from "../../packages/harness/src/provider/wire.ts"
import { engine, home } from "../../packages/harness/src/sessions/home.ts"
import { breaksRules, post } from "../support/post.ts"
import type { Case } from "../suite.ts"
import { until } from "../../packages/harness/src/user/until.ts"
import { one, patient } from "./kit.ts"
import { ended, starts } from "./look.ts"
import { noted } from "./support/script.ts"
import { managerOf, nothingRuns } from "./support/servers.ts"
import { turnOf } from "./support/turn.ts"

/** The server answers the second session before the first, and keeps the state of the first one in between. */
const answersBackwards = one({
  calls: {
    hold: [["keep"]],
    act: [
      ["answer", "for act"],
      ["answerKept", "for hold"]
    ]
  }
})

/**
 * Servers belong to the process, so sessions share them and their state. Each session receives its own results, whatever
 * their order.
 */
const twoSessions: Case = {
  id: "M27",
  name: "two sessions share a server with state",
  needs: ["linux"],
  run: Effect.gen(function* () {
    const here = yield* home
    const [first, second] = yield* Effect.gen(function* () {
      const server = yield* serve(
        { body: [turnOf(["s__hold"], 0)] },
        { body: [turnOf(["s__act"], 0)] },
        { body: [answer("It is done.")] }
      )
      const manager = yield* managerOf(answersBackwards(here))
      const { coordinator, sessions } = yield* engine(here, {
        url: server.url,
        limits: patient,
        tools: Layer.succeed(McpManager, manager)
      })
      const [one, two] = yield* Effect.all([sessions.create({}), sessions.create({})])
      const held = until("the first call has come", () => noted(here).some(({ tool }) => tool === "hold"))
      const rounds = yield* Effect.all(
        [
          coordinator.handleMessage({ sessionId: one.id, request: "Hold." }),
          Effect.andThen(held, coordinator.handleMessage({ sessionId: two.id, request: "Act." }))
        ],
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(breaksRules(server.received.map(({ body }) => body)), [])
      return [
        { id: one.id, round: rounds[0] },
        { id: two.id, round: rounds[1] }
      ] as const
    }).pipe(Effect.scoped)
    const outcomes = ({ round }: typeof first) =>
      round.turns.flatMap(({ toolCalls }) => toolCalls).map((c) => c.outcome)
    ended("Succeeded: for hold")({ round: first.round, outcomes: outcomes(first) })
    ended("Succeeded: for act")({ round: second.round, outcomes: outcomes(second) })
    assert.strictEqual(starts(noted(here)), 1)
    yield* nothingRuns(here)
    yield* post(here, first.id, { limits: patient })
    yield* post(here, second.id, { limits: patient })
  }).pipe(Effect.timeout("5 minutes"))
}

export const shared = [twoSessions]
