import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { SessionNotFound, StorageError } from "@parley/domain/Errors"
import { type PostId, postId, type SessionId } from "@parley/domain/Ids"
import { changeOf, type NewPost, type Post, PostChanged, PostExists, type PostState } from "@parley/domain/Post"
import type { PostFeed } from "@parley/domain/PostFeed"
import { signatureOf } from "@parley/domain/PostFeed"
import type { SessionManager } from "@parley/domain/SessionManager"
import type { Synchronous } from "../database/barrier.ts"
import type { Database } from "../database/connection.ts"
import * as PostRows from "../log/postRows.ts"

type Service = SessionManager["Service"]

/** The posts of a database. They are taken by appends: see `commit.ts`. */
export const make = (
  { hasPosts, run, unreadable }: Database,
  options: { readonly synchronous: Synchronous; readonly feed: PostFeed; readonly interval: Duration.Duration }
) => {
  const { feed, interval, synchronous } = options

  /** Runs a durable transaction with the key of the session, and then tells the subscribers. */
  const write = <A, E>(
    operation: string,
    id: SessionId,
    body: (sql: SqlClient, session: number) => Effect.Effect<Result.Result<A, E>, StorageError | SqlError>
  ): Effect.Effect<A, E | StorageError | SessionNotFound> =>
    run(operation)((sql) => {
      const transaction = Effect.gen(function* (): Effect.fn.Return<
        Result.Result<A, E | SessionNotFound>,
        StorageError | SqlError
      > {
        const [row] = yield* sql.unsafe<{ readonly key: number }>(PostRows.selectSession, [id])
        return row === undefined ? Result.fail(new SessionNotFound({ sessionId: id })) : yield* body(sql, row.key)
      })
      return synchronous(sql, "FULL").pipe(
        Effect.andThen(sql.withTransaction(transaction)),
        Effect.tap(() => Effect.sync(() => feed.changed(id))),
        // Whether it is stored is known only when the commit ends, so an interruption waits for it.
        Effect.uninterruptible
      )
    }).pipe(Effect.flatMap((result) => Effect.fromResult(result)))

  const malformed = (operation: string) => (detail: string) =>
    new StorageError({ operation, reason: "Unavailable", detail: `the payload is malformed: ${detail}` })
  const encoded = (operation: string, payload: Post["payload"]) =>
    Effect.mapError(Effect.fromResult(PostRows.encode(payload)), malformed(operation))

  const post: Service["post"] = Effect.fn("SessionManager.post")(function* (id: SessionId, wanted: NewPost) {
    const payload = yield* encoded("post", wanted.payload)
    const at = yield* Clock.currentTimeMillis
    const { key, kind } = wanted
    const name = PostRows.nameOf(key)
    const n = yield* write("post", id, (sql, session) =>
      Effect.gen(function* () {
        const [same] =
          name === null
            ? []
            : yield* sql.unsafe<{ readonly n: number; readonly state: PostState }>(PostRows.selectNamed, [
                session,
                name
              ])
        if (same !== undefined && key !== undefined)
          return Result.fail(new PostExists({ sessionId: id, key, postId: postId(same.n), state: same.state }))
        const values = [session, session, at, kind, name, payload]
        const [row] = yield* sql.unsafe<{ readonly n: number }>(PostRows.insert, values)
        return Result.succeed(row?.n ?? 0)
      })
    )
    return { id: postId(n), kind, ...(key === undefined ? {} : { key }), payload: wanted.payload, version: 1, at }
  })

  /** Runs a statement for a waiting post. */
  const change = (operation: string, id: SessionId, post: PostId, statement: string, value: string) =>
    write(operation, id, (sql, session) =>
      Effect.gen(function* () {
        const n = PostRows.numberOf(post)
        const [stored] = yield* sql.unsafe<PostRows.StoredPost>(PostRows.selectOne, [session, n])
        const changed = changeOf(stored)
        if (changed !== undefined) return Result.fail(new PostChanged({ sessionId: id, postId: post, change: changed }))
        yield* sql.unsafe(statement, [value, session, n])
        return Result.void
      })
    )

  const editPost: Service["editPost"] = Effect.fn("SessionManager.editPost")(function* (
    id: SessionId,
    post: PostId,
    payload: Post["payload"]
  ) {
    yield* change("edit post", id, post, PostRows.edit, yield* encoded("edit post", payload))
  })

  const withdrawPost: Service["withdrawPost"] = Effect.fn("SessionManager.withdrawPost")(
    (id: SessionId, post: PostId) => change("withdraw post", id, post, PostRows.close, "withdrawn")
  )

  /** The rows of waiting posts. Fails if there is no such session. */
  const waiting = Effect.fnUntraced(function* <Row extends { readonly n: number }>(id: SessionId, statement: string) {
    const wanted = hasPosts ? statement : PostRows.selectNone
    const rows = yield* run("posts")((sql) => sql.unsafe<Row | { readonly n: null }>(wanted, [id]))
    if (rows.length === 0) return yield* new SessionNotFound({ sessionId: id })
    return rows.filter((row): row is Row => row.n !== null)
  }, Effect.withTracerEnabled(false))

  const posts = Effect.fnUntraced(function* (id: SessionId) {
    const rows = yield* waiting<PostRows.PostRow>(id, PostRows.selectWaiting)
    return yield* Effect.mapError(
      Effect.fromResult(Result.all(rows.map(PostRows.decode))),
      (detail) => new StorageError({ operation: "posts", reason: unreadable, detail: `session ${id}, ${detail}` })
    )
  })

  const signature = (id: SessionId) =>
    Effect.map(waiting<{ readonly n: number; readonly version: number }>(id, PostRows.selectVersions), (rows) =>
      signatureOf(rows.map(({ n, version }) => ({ id: postId(n), version })))
    )

  const followPosts: Service["followPosts"] = (id) =>
    Stream.unwrap(
      Effect.sync(() => {
        let isKnown = false
        const read = Effect.tap(posts(id), () =>
          Effect.sync(() => {
            isKnown = true
          })
        )
        return feed.follow(id, read, { interval, signature: signature(id) }).pipe(
          // Another process has removed the session.
          Stream.catchTag("SessionNotFound", (error) => (isKnown ? Stream.empty : Stream.fail(error)))
        )
      })
    )

  return { post, posts, editPost, withdrawPost, followPosts }
}
