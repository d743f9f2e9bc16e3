import * as Caps from "@parley/session/Caps"
import * as Request from "@parley/session/Request"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { UsageError } from "../ExitCode.ts"
import * as Live from "../Live.ts"
import * as Message from "../Message.ts"
import * as Notices from "../Notices.ts"
import * as RunRound from "../RunRound.ts"
import * as Setup from "../Setup.ts"
import * as Slots from "../Slots.ts"
import * as Target from "../Target.ts"
import { runPrompt } from "./RunPrompt.ts"

export interface Input extends Setup.Flags, Setup.LimitFlags, Setup.AllowFlags, Target.TargetFlags {
  readonly message: ReadonlyArray<string>
  readonly stdin: Option.Option<boolean>
  readonly session: Option.Option<string>
  readonly refresh: ReadonlyArray<string>
  /** A prompt of an MCP server, `server:prompt`, in place of the message. */
  readonly prompt: Option.Option<string>
  readonly arg: ReadonlyArray<string>
  readonly format: RunRound.Format
}

export const run = Effect.fn("parley run")(function* (input: Input) {
  if (Option.isSome(input.prompt)) return yield* runPrompt(input, input.prompt.value)
  if (input.arg.length > 0)
    return yield* new UsageError({ problem: "--arg is for a prompt that --prompt SERVER:PROMPT names" })
  const setup = yield* Setup.load(input)
  const message = yield* Message.read(input)
  // What no round would take must not leave an empty session behind.
  yield* Request.validate(message)
  yield* Slots.validateRefresh(setup, input.refresh)
  yield* Effect.gen(function* () {
    yield* Notices.show(setup)
    yield* Caps.preferredPriced
    const info = yield* Target.findOrCreate(input, setup.workspace.root)
    // What somebody else's output says with an @ is not the user's wish.
    const options = { refresh: input.refresh, mentions: input.message.join(" ") }
    yield* RunRound.whole(setup, info, message, input.format, options)
  }).pipe(Effect.provide(Live.engine(setup)))
})
