import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { type PostId, postId } from "@parley/domain/Ids"
import { Post, type PostState, type PostVersion } from "@parley/domain/Post"

/** A row of `posts`, as it is selected. `name` is the post's key, as JSON, and `payload` is JSON. */
export interface PostRow {
  readonly n: number
  readonly at: number
  readonly kind: string
  readonly name: string | null
  readonly version: number
  readonly payload: string
}

/** What has become of a post. */
export interface StoredPost {
  readonly state: PostState
  readonly version: number
}

/** The post's number; 0, which no post has, for an id that no post can have. */
export const numberOf = (id: PostId): number => {
  const n = Number(id.slice(1))
  return Number.isSafeInteger(n) && id === postId(n) ? n : 0
}

export const nameOf = (key: string | undefined): string | null => (key === undefined ? null : JSON.stringify(key))

export const selectSession = `SELECT key FROM sessions WHERE id = ?`
export const selectNamed = `SELECT n, state FROM posts WHERE session = ? AND name = ?`
export const insert = `INSERT INTO posts (session, n, at, kind, name, state, version, payload)
  VALUES (?, (SELECT coalesce(max(n), 0) + 1 FROM posts WHERE session = ?), ?, ?, ?, 'waiting', 1, ?) RETURNING n`
/** Selects the waiting posts. Returns no row if there is no such session, and one row of nulls if nothing waits. */
export const selectWaiting = `SELECT p.n, p.at, p.kind, p.name, p.version, p.payload FROM sessions s
  LEFT JOIN posts p ON p.session = s.key AND p.state = 'waiting' WHERE s.id = ? ORDER BY p.n`
export const selectVersions = `SELECT p.n, p.version FROM sessions s
  LEFT JOIN posts p ON p.session = s.key AND p.state = 'waiting' WHERE s.id = ? ORDER BY p.n`
/** For databases without posts. */
export const selectNone = `SELECT NULL AS n FROM sessions WHERE id = ?`
export const selectOne = `SELECT state, version FROM posts WHERE session = ? AND n = ?`
/** Ends the last post of a session as one of its fork, whose log may name earlier posts. So their numbers are not used again. */
export const copyLast = `INSERT INTO posts (session, n, at, kind, name, state, version, payload)
  SELECT ?, p.n, p.at, p.kind, NULL, 'taken', p.version, NULL FROM posts p JOIN sessions s ON s.key = p.session
  WHERE s.id = ? ORDER BY p.n DESC LIMIT 1`
export const edit = `UPDATE posts SET payload = ?, version = version + 1 WHERE session = ? AND n = ?`
/** Ends a post and removes its payload. */
export const close = `UPDATE posts SET state = ?, payload = NULL WHERE session = ? AND n = ?`

/** The key of a post in maps: its session's id and its number. */
export const mapKey = (session: string, post: Pick<PostVersion, "id">): string => `${session} ${numberOf(post.id)}`

const decodePost = Schema.decodeUnknownResult(Post)
const decodeJson = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Json))
const encodeJson = Schema.encodeResult(Schema.fromJsonString(Schema.Json))

export const encode = (payload: Schema.Json): Result.Result<string, string> =>
  Result.mapError(encodeJson(payload), (error) => error.message)

/** Decodes a waiting post. A failure contains the post's number. */
export const decode = ({ at, kind, n, name, payload, version }: PostRow): Result.Result<Post, string> =>
  Result.all({ key: name === null ? Result.succeed(undefined) : decodeJson(name), payload: decodeJson(payload) }).pipe(
    Result.flatMap(({ key, payload }) =>
      decodePost({ id: postId(n), at, kind, version, payload, ...(key === undefined ? {} : { key }) })
    ),
    Result.mapError((error) => `post ${n}: ${error.message}`)
  )
