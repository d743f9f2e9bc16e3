import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import { postId, type PostId, type SessionId } from "./Ids.ts"
import { changeOf, type NewPost, type Post, PostChanged, PostExists, type PostState, type PostVersion } from "./Post.ts"
import * as PostFeed from "./PostFeed.ts"

interface Kept {
  post: Post
  state: PostState
}

/** The posts of `SessionManager.layerMemory`. Sessions are known to exist. */
export const make = () => {
  const all = new Map<SessionId, Array<Kept>>()
  const feed = PostFeed.make()

  const kept = (id: SessionId): Array<Kept> => {
    const posts = all.get(id) ?? []
    all.set(id, posts)
    return posts
  }
  const find = (id: SessionId, post: PostId) => kept(id).find((entry) => entry.post.id === post)
  const refusal = (sessionId: SessionId, post: PostId, version?: number): PostChanged | undefined => {
    const entry = find(sessionId, post)
    const change = changeOf(entry && { state: entry.state, version: entry.post.version }, version)
    return change && new PostChanged({ sessionId, postId: post, change })
  }
  const close = (id: SessionId, post: PostId, state: PostState) => {
    const entry = find(id, post)
    if (entry !== undefined) Object.assign(entry, { state, post: { ...entry.post, payload: null } })
  }
  const waiting = (id: SessionId): ReadonlyArray<Post> =>
    kept(id).flatMap(({ post, state }) => (state === "waiting" ? [post] : []))

  const add = Effect.fnUntraced(function* (sessionId: SessionId, { key, kind, payload }: NewPost) {
    const posts = kept(sessionId)
    const same = posts.find(({ post }) => key !== undefined && post.key === key)
    if (key !== undefined && same !== undefined)
      return yield* new PostExists({ sessionId, key, postId: same.post.id, state: same.state })
    const at = yield* Clock.currentTimeMillis
    const post: Post = {
      id: postId(posts.length + 1),
      kind,
      ...(key === undefined ? {} : { key }),
      payload,
      version: 1,
      at
    }
    posts.push({ post, state: "waiting" })
    feed.changed(sessionId)
    return post
  })

  /** Changes a waiting post. */
  const change = (id: SessionId, post: PostId, apply: (entry: Kept) => void) =>
    Effect.suspend(() => {
      const refused = refusal(id, post)
      if (refused !== undefined) return Effect.fail(refused)
      const entry = find(id, post)
      if (entry !== undefined) apply(entry)
      feed.changed(id)
      return Effect.void
    })

  return {
    add,
    waiting,
    edit: (id: SessionId, post: PostId, payload: Post["payload"]) =>
      change(id, post, (entry) => {
        entry.post = { ...entry.post, payload, version: entry.post.version + 1 }
      }),
    withdraw: (id: SessionId, post: PostId) => change(id, post, () => close(id, post, "withdrawn")),
    /** Why these posts cannot be taken; undefined if they can. */
    refusal: (id: SessionId, takes: ReadonlyArray<PostVersion>): PostChanged | undefined => {
      for (const [i, { id: post, version }] of takes.entries()) {
        const isTwice = takes.slice(0, i).some((other) => other.id === post)
        const refused = isTwice
          ? new PostChanged({ sessionId: id, postId: post, change: "taken" })
          : refusal(id, post, version)
        if (refused !== undefined) return refused
      }
      return undefined
    },
    take: (id: SessionId, takes: ReadonlyArray<PostVersion>): void => {
      for (const { id: post } of takes) close(id, post, "taken")
      if (takes.length > 0) feed.changed(id)
    },
    /** The ids of the posts of `origin` are not used again in its fork. */
    fork: (origin: SessionId, id: SessionId): void => {
      all.set(
        id,
        kept(origin).map(({ post: { key: _, ...post } }) => ({ post: { ...post, payload: null }, state: "taken" }))
      )
    },
    follow: <E>(id: SessionId, find: Effect.Effect<unknown, E>): Stream.Stream<ReadonlyArray<Post>, E> =>
      feed.follow(
        id,
        Effect.map(find, () => waiting(id))
      ),
    remove: (id: SessionId): void => {
      all.delete(id)
      feed.end(id)
    }
  }
}
