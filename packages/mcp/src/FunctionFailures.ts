import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { text } from "@parley/domain/Content"
import type { ToolOutput } from "@parley/domain/Tool"
import { plainLine, wellFormed } from "./PlainText.ts"

const maxCharacters = 4000

const decodeMessage = Schema.decodeUnknownOption(Schema.Struct({ message: Schema.NonEmptyString }))
const decodeTag = Schema.decodeUnknownOption(Schema.Struct({ _tag: Schema.NonEmptyString }))

/** What an error says of itself: its message, or at least its name. Never its stack, nor its other fields. */
export const messageOf = (error: unknown): string => {
  if (typeof error === "string") return error
  const message = Option.map(decodeMessage(error), ({ message }) => message)
  const said = Option.orElse(message, () => Option.map(decodeTag(error), ({ _tag }) => _tag))
  return Option.getOrElse(said, () => "")
}

export const failedWith = (message: string): ToolOutput => {
  const said = wellFormed(message).slice(0, maxCharacters).toWellFormed()
  return { isError: true, content: [text(said.trim() === "" ? "The tool failed and did not say why." : said)] }
}

const outputOf = (cause: Cause.Cause<unknown>): ToolOutput => {
  const error = Cause.findErrorOption(cause)
  if (Option.isSome(error)) return failedWith(messageOf(error.value))
  const defect = cause.reasons.find(Cause.isDieReason)
  return defect === undefined
    ? failedWith("The tool was interrupted before it had finished.")
    : failedWith(`The tool failed unexpectedly: ${plainLine(messageOf(defect.defect), 300)}`)
}

/**
 * Runs a function as a tool. However it ends, there is a result: its errors and its defects are error results. When the
 * call itself is interrupted, so is the function.
 */
export const settled = <E, R>(run: () => Effect.Effect<ToolOutput, E, R>): Effect.Effect<ToolOutput, never, R> =>
  Effect.suspend(run).pipe(Effect.catchCause((cause) => cause.pipe(outputOf, Effect.succeed)))
