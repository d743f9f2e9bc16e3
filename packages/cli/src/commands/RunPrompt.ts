import * as Caps from "@parley/session/Caps"
import * as Request from "@parley/session/Request"
import * as Effect from "effect/Effect"
import * as Live from "../Live.ts"
import * as Message from "../Message.ts"
import * as Notices from "../Notices.ts"
import * as Prompts from "../Prompts.ts"
import * as RunRound from "../RunRound.ts"
import * as Setup from "../Setup.ts"
import * as Slots from "../Slots.ts"
import * as Target from "../Target.ts"
import type { Input } from "./Run.ts"

/** Sends a prompt of an MCP server as the user's message, with what else there is to say behind it. */
export const runPrompt = Effect.fn("parley run --prompt")(function* (input: Input, name: string) {
  const setup = yield* Setup.load(input)
  const more = yield* Message.beside(input)
  yield* Slots.validateRefresh(setup, input.refresh)
  yield* Effect.gen(function* () {
    yield* Notices.show(setup)
    yield* Caps.preferredPriced
    const request = [...Message.outside(yield* Prompts.write(name, input.arg, "name")), ...more]
    yield* Request.validate(request)
    const info = yield* Target.findOrCreate(input, setup.workspace.root)
    // What a server writes with an @ is not the user's wish.
    const options = { refresh: input.refresh, mentions: input.message.join(" ") }
    yield* RunRound.whole(setup, info, request, input.format, options)
  }).pipe(Effect.provide(Live.engine(setup)))
})
