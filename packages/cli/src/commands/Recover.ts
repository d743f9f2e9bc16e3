import { Recovered } from "@parley/session/Recovery"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Closed from "../Closed.ts"
import * as Live from "../Live.ts"
import { Output } from "../Output.ts"
import * as Setup from "../Setup.ts"

const encode = Schema.encodeEffect(Schema.fromJsonString(Schema.Array(Recovered)))

const words = Recovered.match({
  Closed: (closed) => `${Closed.words(closed)}; go on with: parley run -s ${closed.sessionId} continue`,
  InUse: ({ detail, holder }) => `left alone: ${holder === undefined ? detail : `in use by ${detail}`}`,
  Damaged: ({ problem }) => `cannot be read: ${problem}`
})

export const recover = Effect.fn("parley recover")(function* (input: {
  readonly workspace: Option.Option<string>
  readonly format: "text" | "json"
}) {
  const setup = yield* Setup.load(input)
  const output = yield* Output
  const found = yield* SessionCoordinator.use((coordinator) => coordinator.recover).pipe(
    Effect.provide(Live.recovery(setup))
  )
  if (input.format === "json") return yield* output.line(yield* Effect.orDie(encode(found)))
  if (found.length === 0) return yield* output.note("Nothing to recover")
  for (const one of found) yield* output.text(`${one.sessionId}  ${words(one)}\n`)
})
