import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import type { SessionId } from "./Ids.ts"
import type { Post } from "./Post.ts"

interface Reader {
  /** Whether posts have changed in this process since the last reading. */
  isNew: boolean
  isEnded: boolean
  wake: (() => void) | undefined
}

/**
 * How a subscriber detects what other processes posted: after each `interval` it compares the `signatureOf` the posts, which
 * costs less than reading them.
 *
 * @since 0.1.0
 * @category models
 */
export interface Others<E, R> {
  readonly interval: Duration.Duration
  readonly signature: Effect.Effect<string, E, R>
}

/**
 * Tells the subscribers of one process that posts have changed.
 *
 * @since 0.1.0
 * @category models
 */
export interface PostFeed {
  /** The posts of the session have changed. */
  readonly changed: (id: SessionId) => void
  /** Ends all subscriptions of a session, because it was removed. */
  readonly end: (id: SessionId) => void
  /** The waiting posts, and again each time they have changed. */
  readonly follow: <E, R>(
    id: SessionId,
    read: Effect.Effect<ReadonlyArray<Post>, E, R>,
    /** For sessions to which other processes post as well. */
    others?: Others<E, R>
  ) => Stream.Stream<ReadonlyArray<Post>, E, R>
}

/**
 * The waiting posts in short: which they are, in which versions.
 *
 * @since 0.1.0
 * @category functions
 */
export const signatureOf = (posts: ReadonlyArray<Pick<Post, "id" | "version">>): string =>
  posts.map(({ id, version }) => `${id}.${version}`).join(" ")

/**
 * Helps to implement `SessionManager.followPosts`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (): PostFeed => {
  const readers = new Map<SessionId, Set<Reader>>()

  const each = (id: SessionId, change: (reader: Reader) => void) => {
    for (const reader of readers.get(id) ?? []) {
      change(reader)
      const { wake } = reader
      reader.wake = undefined
      wake?.()
    }
  }

  const subscription = (id: SessionId) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const reader: Reader = { isNew: true, isEnded: false, wake: undefined }
        readers.set(id, (readers.get(id) ?? new Set()).add(reader))
        return reader
      }),
      (reader) =>
        Effect.sync(() => {
          const set = readers.get(id)
          set?.delete(reader)
          if (set?.size === 0) readers.delete(id)
        })
    )

  const news = (reader: Reader) =>
    Effect.callback<void>((resume) => {
      if (reader.isNew || reader.isEnded) return resume(Effect.void)
      reader.wake = () => resume(Effect.void)
      return Effect.sync(() => {
        reader.wake = undefined
      })
    })

  const follow: PostFeed["follow"] = <E, R>(
    id: SessionId,
    read: Effect.Effect<ReadonlyArray<Post>, E, R>,
    others?: Others<E, R>
  ) =>
    Stream.unwrap(
      Effect.map(subscription(id), (reader) => {
        let seen: string | undefined
        const wait =
          others === undefined
            ? // No signature at all: that of no posts is empty.
              Effect.as(news(reader), undefined)
            : Effect.andThen(Effect.timeoutOption(news(reader), others.interval), others.signature)
        const pull: Pull.Pull<Arr.NonEmptyReadonlyArray<ReadonlyArray<Post>>, E, void, R> = Effect.suspend(() => {
          if (reader.isEnded) return Cause.done()
          reader.isNew = false
          return Effect.flatMap(read, (posts) => {
            const signature = signatureOf(posts)
            if (signature === seen) return Effect.andThen(quiet, pull)
            seen = signature
            return Effect.succeed(Arr.of(posts))
          })
        })
        /** Ends when there may be something to read. */
        const quiet: Effect.Effect<void, E, R> = Effect.repeat(
          Effect.tap(wait, () =>
            Effect.sync(() => {
              reader.isNew = false
            })
          ),
          { until: (signature) => reader.isEnded || signature !== seen }
        ).pipe(Effect.asVoid, Effect.withTracerEnabled(false))
        const next = Effect.suspend(() => (seen === undefined ? pull : Effect.andThen(quiet, pull)))
        return next.pipe(Effect.succeed, Stream.fromPull)
      })
    )

  return {
    changed: (id) =>
      each(id, (reader) => {
        reader.isNew = true
      }),
    end: (id) =>
      each(id, (reader) => {
        reader.isEnded = true
      }),
    follow
  }
}
