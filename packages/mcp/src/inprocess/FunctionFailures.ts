import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { text } from "@parley/domain/Content"
import type { ToolOutput } from "@parley/domain/Tool"
import { plainLine, wellFormed } from "@parley/domain/VisibleText"

const maxCharacters = 4000

const decodeMessage = Schema.decodeUnknownOption(Schema.Struct({ message: Schema.NonEmptyString }))
const decodeTag = Schema.decodeUnknownOption(Schema.Struct({ _tag: Schema.NonEmptyString }))
const encodeJson = Schema.encodeUnknownResult(Schema.fromJsonString(Schema.Unknown))

/** The message of an error, or at least its tag; an empty string if it has neither. */
export const messageOf = (error: unknown): string => {
  if (typeof error === "string") return error
  const message = Option.map(decodeMessage(error), ({ message }) => message)
  const found = Option.orElse(message, () => Option.map(decodeTag(error), ({ _tag }) => _tag))
  return Option.getOrElse(found, () => "")
}

/** Fields that every error may have, which describe no particular case: the message is shown already. */
const common = new Set(["_tag", "name", "message", "stack", "cause"])

/**
 * The message of an error and its own fields as JSON, so that a model can see which case it is. A field that holds a
 * secret must be `Redacted`.
 */
export const describe = (error: unknown): string => {
  const message = messageOf(error)
  if (typeof error !== "object" || error === null) return message
  const fields = Object.entries(error).filter(([name, value]) => !common.has(name) && value !== undefined)
  if (fields.length === 0) return message
  const json = encodeJson(Object.fromEntries(fields))
  return Result.isSuccess(json) ? `${message} ${json.success}`.trim() : message
}

export const failedWith = (message: string): ToolOutput => {
  const shown = wellFormed(message).slice(0, maxCharacters).toWellFormed()
  return { isError: true, content: [text(shown.trim() === "" ? "The tool failed and did not say why." : shown)] }
}

const outputOf = (cause: Cause.Cause<unknown>): ToolOutput => {
  const error = Cause.findErrorOption(cause)
  if (Option.isSome(error)) return failedWith(describe(error.value))
  const defect = cause.reasons.find(Cause.isDieReason)
  return defect === undefined
    ? failedWith("The tool was interrupted before it had finished.")
    : failedWith(`The tool failed unexpectedly: ${plainLine(messageOf(defect.defect), 300)}`)
}

/**
 * Runs a function as a tool. It always produces a result: errors and defects become error results. Interrupting the call
 * interrupts the function.
 */
export const settled = <E, R>(run: () => Effect.Effect<ToolOutput, E, R>): Effect.Effect<ToolOutput, never, R> =>
  Effect.suspend(run).pipe(
    Effect.catchCause((cause) =>
      Effect.as(
        // The model receives the message only, so the stack would be lost.
        Cause.hasDies(cause) ? Effect.logError("A function that is a tool failed unexpectedly", cause) : Effect.void,
        outputOf(cause)
      )
    )
  )
