import { textOf } from "@parley/domain/Content"
import { PostId, type SessionId } from "@parley/domain/Ids"
import type { Delivery, InboxMessage } from "@parley/domain/InboxMessage"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import * as Effect from "effect/Effect"
import { messageOf } from "../errors/Advice.ts"
import { Output } from "../output/Output.ts"
import { short } from "../output/Render.ts"
import type * as MessageInput from "./MessageInput.ts"

/** What happens to a message, after its id. */
export const when: { readonly [D in Delivery]: string } = {
  steer: "is sent with the next request to the model",
  queue: "is sent as a round of its own"
}

const words = ({ delivery, id, request }: InboxMessage): string => `${id} (${delivery}): ${short(textOf(request), 200)}`

/** Shows the messages that wait. */
export const list = Effect.fnUntraced(function* (sessionId: SessionId) {
  const output = yield* Output
  const messages = yield* SessionCoordinator.use((coordinator) => coordinator.inbox(sessionId))
  for (const message of messages) yield* output.note(words(message))
  if (messages.length === 0) yield* output.note("No message waits")
})

/** Withdraws a message that waits; without an id, the one that was sent last. */
export const withdraw = Effect.fnUntraced(function* (sessionId: SessionId, id: string) {
  const output = yield* Output
  const coordinator = yield* SessionCoordinator
  const last = (yield* coordinator.inbox(sessionId)).at(-1)?.id
  const messageId = id === "" ? last : PostId.make(id)
  if (messageId === undefined) return yield* output.note("No message waits")
  yield* coordinator.withdrawMessage(sessionId, messageId)
  yield* output.note(`${messageId} is withdrawn`)
})

/** Sends what a person typed during a round, and says that it waits. */
export const send = Effect.fnUntraced(
  function* (sessionId: SessionId, request: MessageInput.Parts, delivery: Delivery) {
    const output = yield* Output
    const { messageId } = yield* SessionCoordinator.use((coordinator) =>
      coordinator.send(sessionId, { request, delivery })
    )
    yield* output.note(`parley: ${messageId} waits and ${when[delivery]}; /withdraw ${messageId} takes it back`)
  },
  Effect.catch((error) => Output.use((output) => output.note(`parley: not sent: ${messageOf(error)}`)))
)

/** The prefix of a line that is sent as a round of its own, instead of to the running one. */
export const queuePrefix = "/queue "

/**
 * What a line that a person typed during a round asks for; undefined for lines that are read after the round, which are the
 * other commands and empty lines.
 */
export const meaning = (line: string): { readonly delivery: Delivery; readonly skips: number } | undefined => {
  if (line.trim() === "") return undefined
  if (line.startsWith(queuePrefix))
    return line.slice(queuePrefix.length).trim() === "" ? undefined : { delivery: "queue", skips: queuePrefix.length }
  return line.trimStart().startsWith("/") ? undefined : { delivery: "steer", skips: 0 }
}
