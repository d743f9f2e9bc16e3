import { SessionManager } from "@parley/domain/SessionManager"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import { Effect, Schema } from "effect"

const Review = Schema.Struct({ verdict: Schema.Literals(["accept", "reject"]), reasons: Schema.Array(Schema.String) })

/** An answer of the model as a value of the application's own type. */
export const review = Effect.gen(function* () {
  const { id } = yield* Effect.flatMap(SessionManager, (sessions) => sessions.create({}))
  const coordinator = yield* SessionCoordinator
  const round = yield* coordinator.handleMessage({ sessionId: id, request: "Review my last commit", output: Review })
  return round.value?.verdict
})
