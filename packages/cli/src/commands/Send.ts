import * as Engine from "@parley/app/Engine"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Caps from "@parley/session/Caps"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Delivering from "../chat/Delivering.ts"
import * as InboxLines from "../chat/InboxLines.ts"
import * as MessageInput from "../chat/MessageInput.ts"
import * as RoundNotices from "../chat/RoundNotices.ts"
import * as SessionFlags from "../configuration/SessionFlags.ts"
import * as SetupFlags from "../configuration/SetupFlags.ts"
import { Output } from "../output/Output.ts"

export interface Input extends SetupFlags.Flags, SetupFlags.AllowFlags {
  readonly id: string
  readonly message: ReadonlyArray<string>
  readonly queue: boolean
}

/**
 * Sends a message to a session that may be in use. The process that uses it delivers the message; if none does, this one
 * does, and shows the round.
 */
export const send = Effect.fn("parley send")(function* (input: Input) {
  const setup = yield* SetupFlags.load(input)
  const request = yield* MessageInput.read({ message: input.message, stdin: Option.none() })
  yield* Effect.gen(function* () {
    const output = yield* Output
    const coordinator = yield* SessionCoordinator
    const { head, id } = yield* SessionManager.use((sessions) =>
      Effect.flatMap(SessionFlags.named(input.id), sessions.get)
    )
    yield* Caps.preferredPriced
    const delivery = input.queue ? "queue" : "steer"
    const { messageId } = yield* coordinator.send(id, { request, delivery })
    yield* output.note(`parley: ${messageId} ${InboxLines.when[delivery]}`)
    yield* Delivering.afterwards(id, head, yield* Delivering.text(id)).pipe(
      Effect.tap(RoundNotices.tools(setup, new Set())),
      Effect.catchTag("SessionBusy", ({ detail }) =>
        output.note(`parley: ${messageId} waits: the session is in use by ${detail}, which delivers it`)
      )
    )
  }).pipe(Effect.provide(Engine.layer(setup, "stored")))
})
