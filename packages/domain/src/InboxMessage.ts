import * as Schema from "effect/Schema"
import { UserBlock } from "./Content.ts"
import { PostId, RequestId, SessionId } from "./Ids.ts"
import { Stretch } from "./Provenance.ts"

/**
 * When a message of the inbox is delivered.
 *
 * - `steer`: in the running round, before its next request: after the tools of the running turn, or instead of the round's
 *   end if the model has just finished. Without a running round, as `queue`.
 * - `queue`: as a round of its own, after the running one.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Delivery = Schema.Literals(["steer", "queue"])
export type Delivery = typeof Delivery.Type

/**
 * A message as it waits: the payload of its post.
 *
 * @since 0.1.0
 * @category schemas
 */
export const InboxContent = Schema.Struct({
  delivery: Delivery,
  requestId: Schema.optionalKey(RequestId),
  request: Schema.Array(UserBlock),
  /** The parts of the request that the user did not write. */
  outside: Schema.Array(Stretch)
})
export type InboxContent = typeof InboxContent.Type

/**
 * A message that waits in the inbox of a session.
 *
 * @since 0.1.0
 * @category schemas
 */
export const InboxMessage = Schema.Struct({
  ...InboxContent.fields,
  id: PostId,
  /** Counts from 1; each edit adds 1. */
  version: Schema.Int,
  /** When it was sent, in milliseconds since the epoch. */
  at: Schema.Int
})
export type InboxMessage = typeof InboxMessage.Type

/**
 * The message does not wait in the inbox, so that nothing was changed: it was delivered or withdrawn, or the session has no
 * such message.
 *
 * @since 0.1.0
 * @category errors
 */
export class MessageClosed extends Schema.TaggedError<MessageClosed>()("MessageClosed", {
  sessionId: SessionId,
  messageId: PostId,
  state: Schema.Literals(["delivered", "withdrawn", "unknown"])
}) {
  override get message(): string {
    switch (this.state) {
      case "delivered":
        return `Message ${this.messageId} was delivered, so it can no longer be changed. Send another message instead`
      case "withdrawn":
        return `Message ${this.messageId} was withdrawn and is not delivered. Send it again, with a new request id, if it is still needed`
      case "unknown":
        return `Session ${this.sessionId} has no message ${this.messageId} in its inbox`
    }
  }
}
