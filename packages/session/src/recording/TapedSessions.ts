import type { SessionId } from "@parley/domain/Ids"
import { type LogEntry, SessionEvent } from "@parley/domain/SessionEvent"
import { SessionInfo } from "@parley/domain/SessionInfo"
import type { SessionManager } from "@parley/domain/SessionManager"
import { SessionBusy, SessionNotFound, StorageError } from "@parley/domain/Errors"
import { Post, PostChanged, PostExists } from "@parley/domain/Post"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { isNotNull } from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Outcome } from "./RecordingFormat.ts"
import { type Codec, nothing, type Tape } from "./Tape.ts"
import * as Codecs from "./TapeCodecs.ts"

type Sessions = SessionManager["Service"]

const encodeEvents = SessionEvent.pipe(Schema.Array, Schema.toCodecJson, Schema.encodeSync)
const ReadError = Schema.Union([StorageError, SessionNotFound])
const WriteError = Schema.Union([StorageError, SessionNotFound, SessionBusy])
const AppendError = Schema.Union([StorageError, SessionNotFound, SessionBusy, PostChanged])
const ChangeError = Schema.Union([StorageError, SessionNotFound, PostChanged])
const posted = Codecs.of(Post, Schema.Union([StorageError, SessionNotFound, PostExists]))
const posts = Codecs.of(Schema.Array(Post), ReadError)
const readPosts = Codecs.of(Post.pipe(Schema.Array, Schema.NonEmptyArray, Schema.NullOr), ReadError)
const changed = Codecs.of(Schema.Void, ChangeError)
const info = Codecs.of(SessionInfo, ReadError)
const isTime = Schema.is(Schema.Finite)

/** Writes only what the replay cannot compute from its own store: errors, and `note` for a success. */
const computed = <A, E>(failure: Schema.Codec<E, unknown>, note: (value: A) => Schema.Json): Codec<A, E> => {
  const { decode, encode } = Codecs.of(Schema.Json, failure)
  return {
    encode: (exit) => encode(Exit.map(exit, note)),
    decode: (outcome) => {
      const exit = decode(outcome)
      return Exit.isSuccess(exit) ? Exit.die("a replay has a store of its own") : Exit.failCause(exit.cause)
    }
  }
}

/** What the recorder or the replay does around the store. */
export interface Store {
  /** The clock of the replay's store, and how it is set to the time at which the recorded store wrote. */
  readonly clock?: { readonly service: Clock.Clock; readonly set: (millis: number) => void }
  /** The lease of a session was acquired: what others appended since is to be recorded. */
  readonly acquired: (id: SessionId) => Effect.Effect<void, StorageError | SessionNotFound>
  readonly appended: (id: SessionId, entries: ReadonlyArray<LogEntry>) => void
  /** Releases the leases of a replay that was given up. */
  readonly scope?: Scope.Scope
}

/**
 * The store, recorded: the events that the engine appends with the time of each, and failures. The replay has a store of its
 * own, and does there at each step what the recorded engine did.
 */
export const make = (tape: Tape, sessions: Sessions, store: Store): Sessions => {
  const ofStore = <A, E>(effect: Effect.Effect<A, E>) =>
    store.clock === undefined ? effect : Effect.provideService(effect, Clock.Clock, store.clock.service)
  const again =
    <A, E>(effect: Effect.Effect<A, E>) =>
    (outcome: Outcome): Effect.Effect<A, E> =>
      Effect.suspend(() => {
        if ("ok" in outcome && isTime(outcome.ok)) store.clock?.set(outcome.ok)
        return ofStore(effect)
      })

  const acquire: Sessions["acquire"] = (id) => {
    const acquired = Effect.gen(function* () {
      const scope = yield* store.scope === undefined ? Scope.make() : Scope.fork(store.scope)
      const lease = yield* ofStore(Scope.provide(sessions.acquire(id), scope))
      yield* store.acquired(id)
      return { lease, close: ofStore(Scope.close(scope, Exit.void)) }
    })
    return Effect.acquireRelease(
      tape.call(
        { op: "lease", input: id },
        acquired,
        computed(WriteError, () => null),
        again(acquired)
      ),
      ({ close }) => tape.call({ op: "release", input: id }, close, nothing, again(close))
    ).pipe(Effect.map(({ lease }) => lease))
  }

  const append: Sessions["append"] = (id, at, events) => {
    // The posts of the recorded session are not in the store of the replay: what was read of them is on the tape.
    const where = tape.port.isReplay ? { after: at.after, epoch: at.epoch } : at
    const appended = Effect.tap(sessions.append(id, where, events), (entries) =>
      entries.length === 0 ? Effect.void : Effect.sync(() => store.appended(id, entries))
    )
    const takes = at.takes === undefined ? {} : { takes: at.takes.map((post) => post.id) }
    return tape.call(
      { op: "append", input: { session: id, after: at.after, events: encodeEvents(events), ...takes }, isShown: true },
      appended,
      computed(AppendError, (entries) => entries[0]?.at ?? 0),
      again(appended)
    )
  }

  const followPosts: Sessions["followPosts"] = (id) =>
    Stream.unwrap(
      Effect.gen(function* () {
        const pull = tape.port.isReplay ? Effect.never : yield* Stream.toPull(sessions.followPosts(id))
        const read = Effect.catchIf(pull, Cause.isDone, () => Effect.succeed(null))
        return tape.call({ op: "new posts", input: id }, read, readPosts).pipe(
          Effect.filterOrElse(isNotNull, () => Cause.done()),
          Effect.succeed,
          Stream.fromPull
        )
      })
    )

  return {
    ...sessions,
    get: (id) => tape.call({ op: "session", input: id }, sessions.get(id), info),
    acquire,
    append,
    read: (id, after) => {
      const read = sessions.read(id, after)
      return tape.call(
        { op: "log", input: { session: id, after } },
        read,
        computed(ReadError, () => null),
        again(read)
      )
    },
    post: (id, post) =>
      tape.call({ op: "post", input: { session: id, post }, isShown: true }, sessions.post(id, post), posted),
    posts: (id) => tape.call({ op: "posts", input: id }, sessions.posts(id), posts),
    editPost: (id, post, payload) =>
      tape.call(
        { op: "edit post", input: { session: id, post, payload }, isShown: true },
        sessions.editPost(id, post, payload),
        changed
      ),
    withdrawPost: (id, post) =>
      tape.call(
        { op: "withdraw post", input: { session: id, post }, isShown: true },
        sessions.withdrawPost(id, post),
        changed
      ),
    followPosts,
    follow: (id, after) => Stream.provideService(sessions.follow(id, after), Clock.Clock, tape.outsideClock)
  }
}
