import type { UserBlock } from "@parley/domain/Content"
import type { OutsidePart } from "@parley/session/Request"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { UsageError } from "@parley/app/UsageError"
import * as Stdin from "../terminal/Stdin.ts"
import { Output } from "../output/Output.ts"

/** The parts of a message; those that the user did not write are marked as `OutsidePart`. */
export type Parts = ReadonlyArray<string | OutsidePart>

/** Milliseconds that a pipe may stay silent if the arguments already contain a message. */
const patience = 3000

const meant = (
  text: string,
  part: string | OutsidePart,
  need: "needed" | "optional"
): Effect.Effect<Parts, UsageError> =>
  text.trim() === "" && need === "needed"
    ? Effect.fail(
        new UsageError({
          problem: 'No message was given; pass one, as in parley run "What is in this directory?", or pipe one in'
        })
      )
    : Effect.succeed(text === "" ? [] : [part])

export interface Words {
  readonly message: ReadonlyArray<string>
  /** Whether to read standard input. Without a value, it is read depending on its kind. */
  readonly stdin: Option.Option<boolean>
}

/** The message that accompanies something else, such as a prompt. It may be empty. */
export const readOptional = (words: Words) => read(words, "optional")

const none = Effect.succeed<Stdin.Piped>({ _tag: "None" })

/**
 * The message from the arguments, from piped input, or from both: the arguments first, then an empty line, then the piped
 * input. The user wrote the arguments; piped input counts as text from outside.
 */
export const read = Effect.fn("Message.read")(function* (
  { message, stdin }: Words,
  need: "needed" | "optional" = "needed"
): Effect.fn.Return<Parts, UsageError, Output> {
  const output = yield* Output
  const words = message.join(" ")
  const wanted = Option.getOrElse(stdin, () => words.trim() === "" && need === "needed")
  const piped = yield* Option.contains(stdin, false) ? none : Stdin.read(wanted ? undefined : patience)
  switch (piped._tag) {
    case "TooLarge":
      return yield* new UsageError({
        problem: `More than ${Stdin.limitBytes} bytes were piped in, which is the limit; put them into a file instead`
      })
    case "Silent":
      yield* output.note(
        "parley: nothing was piped in for 3 seconds, so the message is sent without it (--stdin waits for the end of input)"
      )
      return words === "" ? [] : [words]
    case "Begun":
      yield* output.note(
        `parley: standard input is a file of which ${piped.bytes} bytes were already read, for example by a loop over its ` +
          "lines; the rest is not added to the message (--stdin adds it, --no-stdin turns off this notice)"
      )
      return words === "" ? [] : [words]
    case "Binary":
      return yield* new UsageError({
        problem:
          "The piped input is not text, since it contains NUL bytes; put it into a file of the workspace and name the file"
      })
    case "Text":
      if (!piped.exact)
        yield* output.note("parley: the piped input is not valid UTF-8; invalid bytes were replaced by �")
      if (words.trim() !== "" && piped.text !== "")
        yield* output.note(
          `parley: standard input was read to its end and added to the message (${piped.text.length} characters); ` +
            "--no-stdin leaves it unread, for example in a loop over a list"
        )
      return words.trim() === ""
        ? yield* meant(piped.text, { outside: piped.text }, need)
        : [`${words}\n\n`, { outside: piped.text }]
    case "None":
      return yield* meant(words, words, need)
  }
})

/** The parts of a message that a server wrote. */
export const outside = (blocks: ReadonlyArray<UserBlock>): Parts => blocks.map((block) => ({ outside: block }))

const label = /\[paste \d+\]/g

/**
 * The parts of a conversation's line. Text typed on a terminal is the user's own. Pasted text, shown as labels in `typed`, is
 * from outside, and so is everything that comes from a pipe.
 */
export const ofLine = (line: string, typed: string, terminal: boolean): Parts => {
  if (!terminal) return [{ outside: line }]
  if (line === typed) return [line]
  const labels = [...typed.matchAll(label)]
  const before = typed.slice(0, labels[0]?.index ?? 0)
  const after = typed.slice((labels.at(-1)?.index ?? 0) + (labels.at(-1)?.[0].length ?? typed.length))
  // From the first paste to the last; text typed between two pastes counts as pasted.
  return [before, { outside: line.slice(before.length, line.length - after.length) }, after].filter(
    (part) => part !== ""
  )
}

export const isTyped = (parts: Parts): boolean => parts.every((part) => typeof part === "string")
