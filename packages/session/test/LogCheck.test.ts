import { assert, it } from "@effect/vitest"
import { callId, roundId, turnId } from "@parley/domain/Ids"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import * as SessionLog from "../src/SessionLog.ts"

const round = roundId(1)
const turn = turnId(round, 1)
const asked: SessionEvent = { _tag: "RoundStarted", roundId: round, request: [{ _tag: "Text", text: "Hello" }] }
const settled: SessionEvent = {
  _tag: "ToolSettled",
  callId: callId(turn, 1),
  outcome: { _tag: "Succeeded", content: [] }
}

it.effect("a log that Parley cannot have written is refused by name, a log that owes something is not", () =>
  Effect.gen(function* () {
    const sessions = yield* SessionManager
    const refused = (...events: ReadonlyArray<SessionEvent>) =>
      Effect.gen(function* () {
        const { id } = yield* sessions.create({})
        const lease = yield* sessions.acquire(id)
        yield* sessions.append(id, { after: 0, epoch: lease.epoch }, events)
        const result = yield* Effect.result(SessionLog.open(id, lease))
        if (result._tag === "Failure") assert.deepInclude(result.failure, { reason: "Corrupt", sessionId: id })
        return result._tag === "Failure" ? result.failure.message : "opened"
      }).pipe(Effect.scoped)
    assert.strictEqual(yield* refused(asked), "opened")
    assert.match(yield* refused(asked, asked), /event 2: r1 starts while r1 is open/)
    assert.match(yield* refused(asked, settled), /event 2: a result of call r1t1c1, which was not asked for/)
  }).pipe(Effect.provide(SessionManager.layerMemory, { local: true }))
)
