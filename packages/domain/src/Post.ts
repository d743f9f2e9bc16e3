import * as Schema from "effect/Schema"
import { PostId, SessionId } from "./Ids.ts"

/**
 * What a post is: the answer to a question, or a message of the user.
 *
 * @since 0.1.0
 * @category schemas
 */
export const PostKind = Schema.Literals(["answer", "message"])
export type PostKind = typeof PostKind.Type

/**
 * What a process leaves for the process that holds a session's lease. Only the holder appends to the log, so another process
 * posts instead. The holder takes the post in the same append as the events that follow from it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Post = Schema.Struct({
  id: PostId,
  kind: PostKind,
  /** Unique among all posts of the session, including those that were taken or withdrawn. */
  key: Schema.optionalKey(Schema.NonEmptyString),
  payload: Schema.Json,
  /** Counts from 1; each edit adds 1. */
  version: Schema.Int,
  /** Milliseconds since the epoch. */
  at: Schema.Int
})
export type Post = typeof Post.Type

/**
 * A post that is to be stored.
 *
 * @since 0.1.0
 * @category models
 */
export type NewPost = Pick<Post, "kind" | "key" | "payload">

/**
 * A post as it was read: taking it fails if it has been edited since.
 *
 * @since 0.1.0
 * @category models
 */
export type PostVersion = Pick<Post, "id" | "version">

/**
 * `waiting`: the post can be edited, withdrawn and taken. The other two are final, and the payload is gone.
 *
 * @since 0.1.0
 * @category schemas
 */
export const PostState = Schema.Literals(["waiting", "taken", "withdrawn"])
export type PostState = typeof PostState.Type

/**
 * The session already has a post with this key, so that nothing was stored. `state` says what has become of it.
 *
 * @since 0.1.0
 * @category errors
 */
export class PostExists extends Schema.TaggedError<PostExists>()("PostExists", {
  sessionId: SessionId,
  key: Schema.String,
  postId: PostId,
  state: PostState
}) {
  override get message(): string {
    return `Session ${this.sessionId} already has a post with the key ${this.key}, which is ${this.state}`
  }
}

/**
 * The post does not wait as expected, so that nothing was stored: it was taken, withdrawn or edited, or there is none with
 * this id.
 *
 * @since 0.1.0
 * @category errors
 */
export class PostChanged extends Schema.TaggedError<PostChanged>()("PostChanged", {
  sessionId: SessionId,
  postId: PostId,
  change: Schema.Literals(["taken", "withdrawn", "edited", "unknown"])
}) {
  override get message(): string {
    return this.change === "unknown"
      ? `Session ${this.sessionId} has no post ${this.postId}`
      : `Post ${this.postId} of session ${this.sessionId} was ${this.change}`
  }
}

/**
 * What has changed about a post, compared with the version that is expected; undefined if it waits in that version. Without
 * a version, every version is expected.
 *
 * @since 0.1.0
 * @category functions
 */
export const changeOf = (
  stored: { readonly state: PostState; readonly version: number } | undefined,
  version?: number
): PostChanged["change"] | undefined => {
  if (stored === undefined) return "unknown"
  if (stored.state !== "waiting") return stored.state
  return version === undefined || version === stored.version ? undefined : "edited"
}
