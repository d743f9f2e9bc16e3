import * as Request from "@parley/session/Request"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Live from "../Live.ts"
import * as Message from "../Message.ts"
import * as Notices from "../Notices.ts"
import { Output } from "../Output.ts"
import * as RunRound from "../RunRound.ts"
import * as Setup from "../Setup.ts"
import * as Slots from "../Slots.ts"
import * as Target from "../Target.ts"

export interface Input extends Setup.Flags, Setup.LimitFlags, Setup.AllowFlags, Target.TargetFlags {
  readonly message: ReadonlyArray<string>
  readonly session: Option.Option<string>
  readonly refresh: ReadonlyArray<string>
  readonly format: RunRound.Format
}

export const run = Effect.fn("parley run")(function* (input: Input) {
  const setup = yield* Setup.load(input)
  const message = yield* Message.read(input.message)
  // What no round would take must not leave an empty session behind.
  yield* Request.validate(message)
  yield* Slots.validateRefresh(setup, input.refresh)
  yield* Effect.gen(function* () {
    yield* Notices.show(setup)
    const info = yield* Target.findOrCreate(input, setup.workspace.root)
    // What somebody else's output says with an @ is not the user's wish.
    const options = { refresh: input.refresh, mentions: input.message.join(" ") }
    yield* RunRound.run(info, message, input.format, options)
    const output = yield* Output
    if (input.format === "text") yield* output.aside(`session ${info.id}`)
  }).pipe(Effect.provide(Live.engine(setup)))
})
