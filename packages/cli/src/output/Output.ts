import * as Context from "effect/Context"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import { sanitize, sanitizeJson } from "./Sanitize.ts"
import * as Streams from "../terminal/Streams.ts"

/** The command's output. All text and all JSON is made safe for a terminal here, and nowhere else. */
export class Output extends Context.Service<
  Output,
  {
    /** Untrusted text for standard output. */
    readonly text: (text: string) => Effect.Effect<void>
    /** One line of machine-readable output on standard output; must not contain a line feed. */
    readonly line: (json: string) => Effect.Effect<void>
    /** One line for the user on standard error. */
    readonly note: (text: string) => Effect.Effect<void>
    /** As `note`, but dimmed where the terminal supports it. */
    readonly aside: (text: string) => Effect.Effect<void>
    /** As `note`, for lines of an open question: all other output waits until the question is answered. */
    readonly ask: (text: string) => Effect.Effect<void>
  }
>()("@parley/cli/output/Output") {
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

/** The lowest level that is shown: that of `--log-level`. What reaches the logger below it is for telemetry. */
const shownLevel = (fiber: Fiber.Fiber<unknown, unknown>): LogLevel.LogLevel =>
  Context.getOption(fiber.context, GlobalFlag.LogLevel).pipe(
    Option.flatten,
    Option.getOrElse(() => "Info" as const)
  )

/** Writes log lines to standard error, never to standard output. */
export const loggerLayer: Layer.Layer<never> = Logger.layer([
  Logger.make(({ fiber, logLevel, message }) => {
    if (LogLevel.isLessThan(logLevel, shownLevel(fiber))) return
    const words = Array.isArray(message) ? message.map(String).join(" ") : String(message)
    Streams.err(`parley: ${logLevel.toLowerCase()}: ${sanitize(words)}\n`)
  })
])
