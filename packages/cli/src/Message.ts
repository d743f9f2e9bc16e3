import * as Effect from "effect/Effect"
import { UsageError } from "./ExitCode.ts"
import * as Stdin from "./internal/Stdin.ts"
import { Output } from "./Output.ts"

/** How long a pipe may stay silent when the arguments already hold a message. */
const patience = 3000

const meant = (text: string, need: "needed" | "beside") =>
  text.trim() === "" && need === "needed"
    ? Effect.fail(new UsageError({ problem: 'No message: parley run "What is in this directory?", or pipe one in' }))
    : Effect.succeed(text)

/** What there is to say beside something else: it may be nothing. */
export const beside = (words: ReadonlyArray<string>) => read(words, "beside")

/** The message from the arguments, from what is piped in, or both: the arguments first, an empty line between them. */
export const read = Effect.fn("Message.read")(function* (
  words: ReadonlyArray<string>,
  need: "needed" | "beside" = "needed"
) {
  const output = yield* Output
  const said = words.join(" ")
  const piped = yield* Stdin.read(said.trim() === "" && need === "needed" ? undefined : patience)
  switch (piped._tag) {
    case "TooLarge":
      return yield* new UsageError({
        problem: `More than ${Stdin.limitBytes} bytes were piped in; put long material into a file of the workspace`
      })
    case "Silent":
      yield* output.note("parley: nothing was piped in for 3 seconds; going on with the message alone")
      return said
    case "Binary":
      return yield* new UsageError({
        problem: "What was piped in is not text: it holds NUL bytes; put it into a file of the workspace and name that"
      })
    case "Text":
      if (!piped.exact) yield* output.note("parley: what was piped in is not all UTF-8; � stands for what is not")
      return said.trim() === "" ? yield* meant(piped.text, need) : `${said}\n\n${piped.text}`
    case "None":
      return yield* meant(said, need)
  }
})
