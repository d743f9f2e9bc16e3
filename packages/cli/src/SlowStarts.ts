import type { SlowStart } from "@parley/mcp/Launchers"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Output } from "./Output.ts"

const why = (launcher: string | undefined): string =>
  launcher === undefined ? "" : `; the first start of ${launcher} may download the package`

/** Says on standard error that a server takes long to start, so that a user knows what is waited for. */
export const make = Effect.gen(function* () {
  const output = Option.getOrUndefined(yield* Effect.serviceOption(Output))
  const run = Effect.runForkWith(yield* Effect.context())
  return ({ launcher, seconds, server }: SlowStart): void => {
    if (output !== undefined) run(output.note(`parley: starting server ${server}: ${seconds} s${why(launcher)}`))
  }
})
