import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { sanitize, sanitizeJson } from "./Sanitize.ts"
import * as Streams from "./internal/Streams.ts"

/** Where the command writes. Everything that is not JSON is sanitised here, and nowhere else. */
export class Output extends Context.Service<
  Output,
  {
    /** Untrusted text for standard output. */
    readonly text: (text: string) => Effect.Effect<void>
    /** One line of machine-readable output; must hold no line feed. */
    readonly line: (json: string) => Effect.Effect<void>
    /** One line for a person, on standard error. */
    readonly note: (text: string) => Effect.Effect<void>
    /** As `note`, dim where the terminal can do that. */
    readonly aside: (text: string) => Effect.Effect<void>
    /** As `note`, for what belongs to an open question: everything else waits until it is answered. */
    readonly ask: (text: string) => Effect.Effect<void>
  }
>()("@parley/cli/Output") {
  static readonly layer: Layer.Layer<Output> = Layer.sync(Output, () => {
    const dim = (text: string) => (Streams.colours ? `\u001b[2m${text}\u001b[22m` : text)
    const note = (text: string) => Effect.sync(() => Streams.err(`${sanitize(text)}\n`))
    return Output.of({
      text: (text) => Effect.sync(() => Streams.out(sanitize(text))),
      line: (json) => Effect.sync(() => Streams.out(`${sanitizeJson(json)}\n`)),
      note,
      aside: (text) => Effect.sync(() => Streams.err(`${dim(sanitize(text))}\n`)),
      ask: (text) => Effect.sync(() => Streams.prompt(`${sanitize(text)}\n`))
    })
  })
}

/** Log lines are for people and never on standard output. */
export const loggerLayer: Layer.Layer<never> = Logger.layer([
  Logger.make(({ logLevel, message }) => {
    const words = Array.isArray(message) ? message.map(String).join(" ") : String(message)
    Streams.err(`parley: ${logLevel.toLowerCase()}: ${sanitize(words)}\n`)
  })
])
