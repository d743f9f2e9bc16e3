import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { InvalidMessage, SessionNotFound, type StorageError } from "./Errors.ts"
import type { SessionId } from "./Ids.ts"
import { fresh, project, type SessionInfo, withNotes } from "./SessionInfo.ts"
import { changed, type NotesChange } from "./SessionNotes.ts"
import { type Phrase, phrasesOf, placesOf, wordsOf } from "./SearchWords.ts"
import type { LogEntry } from "./SessionEvent.ts"
import { partsOf, type SearchHit, type SearchOptions, snippetOf, usualLimit } from "./SessionSearch.ts"
import { beginnings, choose, type SessionAmbiguous } from "./SessionPrefix.ts"

/**
 * What a `SessionManager` does for people who look for sessions and keep order among them.
 *
 * @since 0.1.0
 * @category services
 */
export interface SessionLibrary {
  /**
   * The session whose id is, or begins with, this text; the common beginning of all ids may be left out. An id that is the
   * text itself is preferred to longer ones.
   */
  readonly find: (prefix: string) => Effect.Effect<SessionInfo, StorageError | SessionNotFound | SessionAmbiguous>
  /**
   * Creates a session with a log that was stored elsewhere: with these numbers and times. Its id is new. Stores all or
   * nothing. Fails if the numbers of the entries do not grow.
   */
  readonly restore: (options: RestoreOptions) => Effect.Effect<SessionInfo, StorageError | InvalidMessage>
  /**
   * Changes what the user notes about a session. Needs no lease, and does not count as activity. Returns the session after
   * the change.
   */
  readonly annotate: (
    id: SessionId,
    change: NotesChange
  ) => Effect.Effect<SessionInfo, StorageError | SessionNotFound | InvalidMessage>
  /**
   * Searches messages, answers, tool calls and results for words, which must all be in one event. What fits best comes
   * first. What is stored can be found at once, and what is removed is not found any more. No text is a syntax error.
   */
  readonly search: (options: SearchOptions) => Effect.Effect<ReadonlyArray<SearchHit>, StorageError | InvalidMessage>
}

/**
 * Options of `SessionLibrary.restore`.
 *
 * @since 0.1.0
 * @category models
 */
export interface RestoreOptions {
  readonly workspace?: string | undefined
  /** Without a title, the session gets one from its first message. */
  readonly title?: string | undefined
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly entries: ReadonlyArray<LogEntry>
}

/**
 * The summary of a session that is restored under this id.
 *
 * @since 0.1.0
 * @category functions
 */
export const restored = (
  id: SessionId,
  { createdAt, entries, title, workspace }: RestoreOptions
): Result.Result<SessionInfo, InvalidMessage> => {
  const wrong = entries.find(({ seq }, i) => seq <= (entries[i - 1]?.seq ?? 0))
  if (wrong !== undefined)
    return Result.fail(
      new InvalidMessage({ problem: `The number of event ${wrong.seq} is not greater than the one before` })
    )
  return Result.succeed(entries.reduce(project, fresh(id, createdAt, { title, workspace })))
}

/** What the library needs to know of a session that is kept in memory. */
interface Shelf {
  info: SessionInfo
  readonly entries: ReadonlyArray<LogEntry>
}

/** The sessions that are kept in memory. */
interface Shelves {
  readonly nextId: Effect.Effect<SessionId>
  readonly sessions: ReadonlyMap<SessionId, Shelf>
  readonly add: (info: SessionInfo, entries: ReadonlyArray<LogEntry>) => void
}

/** The hits in one session, each with how many places there are for every 100 words. */
const hitsIn = ({ entries, info }: Shelf, phrases: ReadonlyArray<Phrase>) =>
  entries.flatMap(({ at, event, seq }) => {
    const text = partsOf(event)
      .map((part) => part.text)
      .join("\n")
    const places = placesOf(text, phrases)
    if (!phrases.every((_, i) => places.some(({ phrase }) => phrase === i))) return []
    const hit: SearchHit = { session: info, seq, at, ...snippetOf(event, phrases) }
    return [{ hit, density: (100 * places.length) / wordsOf(text).length }]
  })

/**
 * The library of sessions that are kept in memory.
 *
 * @since 0.1.0
 * @category constructors
 */
export const inMemory = ({ add, nextId, sessions }: Shelves): SessionLibrary => ({
  restore: Effect.fnUntraced(function* (options: RestoreOptions) {
    const info = yield* Effect.fromResult(restored(yield* nextId, options))
    add(info, options.entries)
    return info
  }),
  search: ({ limit = usualLimit, text, workspaces }) =>
    Effect.suspend(() =>
      Effect.fromResult(
        Result.map(phrasesOf(text), (phrases) =>
          [...sessions.values()]
            .filter(({ info }) => workspaces === undefined || workspaces.includes(info.workspace))
            .flatMap((shelf) => hitsIn(shelf, phrases))
            .sort((a, b) => b.density - a.density)
            .slice(0, limit)
            .map(({ hit }) => hit)
        )
      )
    ),
  find: (prefix) =>
    Effect.suspend(() => {
      const starts = beginnings(prefix)
      const infos = [...sessions.values()].map(({ info }) => info)
      return Effect.fromResult(
        choose(
          prefix,
          infos.filter(({ id }) => starts.some((start) => id.startsWith(start)))
        )
      )
    }),
  annotate: (id, change) =>
    Effect.suspend((): Effect.Effect<SessionInfo, SessionNotFound | InvalidMessage> => {
      const shelf = sessions.get(id)
      if (shelf === undefined) return Effect.fail(new SessionNotFound({ sessionId: id }))
      return Effect.fromResult(
        Result.map(changed(shelf.info, change), (noted) => {
          shelf.info = withNotes(shelf.info, noted)
          return shelf.info
        })
      )
    })
})
