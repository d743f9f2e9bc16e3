import type { UserBlock } from "@parley/domain/Content"
import type { Outside } from "@parley/session/Request"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { UsageError } from "./ExitCode.ts"
import * as Stdin from "./internal/Stdin.ts"
import { Output } from "./Output.ts"

/** A message in the parts that the user wrote and those that others did. */
export type Parts = ReadonlyArray<string | Outside>

/** How long a pipe may stay silent when the arguments already hold a message. */
const patience = 3000

const meant = (text: string, part: string | Outside, need: "needed" | "beside"): Effect.Effect<Parts, UsageError> =>
  text.trim() === "" && need === "needed"
    ? Effect.fail(new UsageError({ problem: 'No message: parley run "What is in this directory?", or pipe one in' }))
    : Effect.succeed(text === "" ? [] : [part])

export interface Words {
  readonly message: ReadonlyArray<string>
  /** Whether standard input is read whatever it is; when not stated, by what it looks like. */
  readonly stdin: Option.Option<boolean>
}

/** What there is to say beside something else: it may be nothing. */
export const beside = (words: Words) => read(words, "beside")

const none = Effect.succeed<Stdin.Piped>({ _tag: "None" })

/**
 * The message from the arguments, from what is piped in, or both: the arguments first, an empty line between them. The
 * arguments are the user's own; what is piped in may be anybody's.
 */
export const read = Effect.fn("Message.read")(function* (
  { message, stdin }: Words,
  need: "needed" | "beside" = "needed"
): Effect.fn.Return<Parts, UsageError, Output> {
  const output = yield* Output
  const said = message.join(" ")
  const wanted = Option.getOrElse(stdin, () => said.trim() === "" && need === "needed")
  const piped = yield* Option.contains(stdin, false) ? none : Stdin.read(wanted ? undefined : patience)
  switch (piped._tag) {
    case "TooLarge":
      return yield* new UsageError({
        problem: `More than ${Stdin.limitBytes} bytes were piped in; put long material into a file of the workspace`
      })
    case "Silent":
      yield* output.note(
        "parley: nothing was piped in for 3 seconds; going on with the message alone (--stdin waits for the end)"
      )
      return said === "" ? [] : [said]
    case "Begun":
      yield* output.note(
        `parley: standard input is a file of which ${piped.bytes} bytes had been read before, as by a loop over its lines; the ` +
          "rest is not added to the message (--stdin adds it, --no-stdin says nothing)"
      )
      return said === "" ? [] : [said]
    case "Binary":
      return yield* new UsageError({
        problem: "What was piped in is not text: it holds NUL bytes; put it into a file of the workspace and name that"
      })
    case "Text":
      if (!piped.exact) yield* output.note("parley: what was piped in is not all UTF-8; � stands for what is not")
      if (said.trim() !== "" && piped.text !== "")
        yield* output.note(
          `parley: standard input was read to its end and added to the message (${piped.text.length} characters); ` +
            "--no-stdin keeps it out, as a loop that reads a list needs it"
        )
      return said.trim() === ""
        ? yield* meant(piped.text, { outside: piped.text }, need)
        : [`${said}\n\n`, { outside: piped.text }]
    case "None":
      return yield* meant(said, said, need)
  }
})

/** What a server wrote to be sent. */
export const outside = (blocks: ReadonlyArray<UserBlock>): Parts => blocks.map((block) => ({ outside: block }))

const label = /\[paste \d+\]/g

/**
 * A line of a conversation. What a person typed on a terminal is their own; what they pasted, for which labels stand in
 * `typed`, is from elsewhere, and so is all that comes out of a pipe.
 */
export const ofLine = (line: string, typed: string, terminal: boolean): Parts => {
  if (!terminal) return [{ outside: line }]
  if (line === typed) return [line]
  const labels = [...typed.matchAll(label)]
  const before = typed.slice(0, labels[0]?.index ?? 0)
  const after = typed.slice((labels.at(-1)?.index ?? 0) + (labels.at(-1)?.[0].length ?? typed.length))
  // From the first paste to the last: what was typed between two counts with them.
  return [before, { outside: line.slice(before.length, line.length - after.length) }, after].filter(
    (part) => part !== ""
  )
}

export const isTyped = (parts: Parts): boolean => parts.every((part) => typeof part === "string")
