import { type InvalidMessage, type SessionNotFound, StorageError } from "@parley/domain/Errors"
import type { PostId, RequestId, SessionId } from "@parley/domain/Ids"
import { type Delivery, InboxContent, type InboxMessage, MessageClosed } from "@parley/domain/InboxMessage"
import { type PostChanged, type PostState } from "@parley/domain/Post"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Request from "../limits/Request.ts"

/**
 * A message for the inbox of a session.
 *
 * @since 0.1.0
 * @category models
 */
export interface SendMessage {
  /** The message, as in `HandleMessage`. */
  readonly request: Request.UserMessage
  /** When it is delivered. */
  readonly delivery: Delivery
  /** Idempotency key: a message with the same id is accepted once, and is not delivered if a round already has this id. */
  readonly requestId?: RequestId | undefined
}

/**
 * Identifies a message of an inbox. It is durable, and delivered even if this process ends.
 *
 * @since 0.1.0
 * @category models
 */
export interface Sent {
  readonly sessionId: SessionId
  readonly messageId: PostId
  /** Whether a message with the same request id was sent before, so that this is the earlier one. */
  readonly isRepeated: boolean
}

/**
 * Errors of the operations on an inbox.
 *
 * @since 0.1.0
 * @category errors
 */
export type InboxError = StorageError | SessionNotFound | InvalidMessage | MessageClosed

const encode = Schema.encodeSync(Schema.toCodecJson(InboxContent))
const decode = Schema.decodeUnknownEffect(Schema.toCodecJson(InboxContent))

const stateOf = (state: PostState | PostChanged["change"]): MessageClosed["state"] =>
  state === "taken" ? "delivered" : state === "withdrawn" ? "withdrawn" : "unknown"

/** The error for a message whose post does not wait as expected. */
export const closed = ({ change, postId: messageId, sessionId }: PostChanged): MessageClosed =>
  new MessageClosed({ sessionId, messageId, state: stateOf(change) })

const keyOf = (requestId: RequestId): string => `request:${requestId}`

/** Accepts a message, durably, whether or not a round is running. Idempotent if it has a request id. */
export const send = Effect.fnUntraced(function* (sessionId: SessionId, { delivery, request, requestId }: SendMessage) {
  const sessions = yield* SessionManager
  const content = yield* Request.validate(request)
  const named = requestId === undefined ? {} : { requestId }
  return yield* sessions
    .post(sessionId, {
      kind: "message",
      payload: encode({ delivery, ...named, ...content }),
      ...(requestId === undefined ? {} : { key: keyOf(requestId) })
    })
    .pipe(
      Effect.map(({ id }): Sent => ({ sessionId, messageId: id, isRepeated: false })),
      Effect.catchTag("PostExists", ({ postId: messageId, state }) =>
        state === "withdrawn"
          ? Effect.fail(new MessageClosed({ sessionId, messageId, state }))
          : Effect.succeed<Sent>({ sessionId, messageId, isRepeated: true })
      )
    )
})

/** The messages that wait, in the order in which they were sent. */
export const waiting = Effect.fnUntraced(function* (sessionId: SessionId) {
  const sessions = yield* SessionManager
  const posts = yield* sessions.posts(sessionId)
  return yield* Effect.forEach(
    posts.filter(({ kind }) => kind === "message"),
    ({ at, id, payload, version }) =>
      Effect.map(decode(payload), (content): InboxMessage => ({ ...content, id, version, at })).pipe(
        Effect.mapError(
          ({ message }) =>
            new StorageError({ operation: "inbox", reason: "Corrupt", detail: `message ${id}: ${message}`, sessionId })
        )
      )
  )
})

/** Fails if the post with this id is something else than a message. */
const ofMessage = Effect.fnUntraced(function* (sessionId: SessionId, messageId: PostId) {
  const posts = yield* SessionManager.use((sessions) => sessions.posts(sessionId))
  if (posts.some(({ id, kind }) => id === messageId && kind !== "message"))
    return yield* new MessageClosed({ sessionId, messageId, state: "unknown" })
})

/** Replaces the content of a message that waits; its place, delivery and request id stay. */
export const edit = Effect.fnUntraced(function* (
  sessionId: SessionId,
  messageId: PostId,
  request: Request.UserMessage
) {
  const sessions = yield* SessionManager
  const content = yield* Request.validate(request)
  yield* ofMessage(sessionId, messageId)
  const message = (yield* waiting(sessionId)).find(({ id }) => id === messageId)
  // Without a message, the store says what has become of it.
  const { delivery = "queue", requestId } = message ?? {}
  const payload = encode({ delivery, ...(requestId === undefined ? {} : { requestId }), ...content })
  yield* Effect.mapError(sessions.editPost(sessionId, messageId, payload), (error) =>
    error._tag === "PostChanged" ? closed(error) : error
  )
})

/** Withdraws a message that waits: it is never delivered. */
export const withdraw = Effect.fnUntraced(function* (sessionId: SessionId, messageId: PostId) {
  const sessions = yield* SessionManager
  yield* ofMessage(sessionId, messageId)
  yield* Effect.mapError(sessions.withdrawPost(sessionId, messageId), (error) =>
    error._tag === "PostChanged" ? closed(error) : error
  )
})
