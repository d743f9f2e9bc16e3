import { Recovered } from "@parley/session/Recovery"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as RecoveryText from "../chat/RecoveryText.ts"
import * as Engine from "@parley/app/Engine"
import { Output } from "../output/Output.ts"
import * as SetupFlags from "../configuration/SetupFlags.ts"

const encode = Schema.encodeEffect(Schema.fromJsonString(Schema.Array(Recovered)))

const words = Recovered.match({
  Closed: (closed) => `${RecoveryText.words(closed)}; to resume: parley run -s ${closed.sessionId} continue`,
  Waiting: ({ questions, roundId, sessionId }) =>
    `${roundId} waits for ${questions.length === 1 ? "an answer" : `${questions.length} answers`}: parley answer ${sessionId}`,
  InUse: ({ detail, holder }) => `skipped: ${holder === undefined ? detail : `in use by ${detail}`}`,
  Damaged: ({ problem, sessionId }) =>
    `cannot be read: ${problem}; \`parley sessions repair ${sessionId}\` copies its readable part into a new session`
})

export const recover = Effect.fn("parley recover")(function* (input: {
  readonly workspace: Option.Option<string>
  readonly format: "text" | "json"
}) {
  const setup = yield* SetupFlags.load(input)
  const output = yield* Output
  const found = yield* SessionCoordinator.use((coordinator) => coordinator.recover).pipe(
    Effect.provide(Engine.recovery(setup))
  )
  if (input.format === "json") return yield* output.line(yield* Effect.orDie(encode(found)))
  if (found.length === 0) return yield* output.note("Nothing to recover")
  for (const one of found) yield* output.text(`${one.sessionId}  ${words(one)}\n`)
})
