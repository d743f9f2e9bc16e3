import { unlink } from "node:fs/promises"
import { join } from "node:path"
import { textOf } from "@parley/domain/Content"
import type { SessionId } from "@parley/domain/Ids"
import type { LogEntry } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"

/** The names that `@parley/mcp` gives to files with results that were too large to be shown. */
const name = /\bresult-[0-9a-f]{32}\.[a-z0-9]{1,8}\b/g

/**
 * The files with the full text of truncated tool results of a session. Their names are random and cannot be guessed.
 *
 * @since 0.1.0
 * @category functions
 */
export const namesIn = (entries: ReadonlyArray<LogEntry>): ReadonlyArray<string> => {
  const texts = entries.flatMap(({ event }) =>
    event._tag === "ToolSettled" && "content" in event.outcome ? [textOf(event.outcome.content)] : []
  )
  return [...new Set(texts.flatMap((text) => text.match(name) ?? []))]
}

/**
 * The files of a session that no other session names. Forks and their origins share those of the events that were copied.
 *
 * @since 0.1.0
 * @category functions
 */
export const onlyIn = Effect.fnUntraced(function* (id: SessionId) {
  const sessions = yield* SessionManager
  // Of a damaged session, the readable part counts.
  const logOf = (session: SessionId) =>
    Effect.orElseSucceed(sessions.salvage(session), (): ReadonlyArray<LogEntry> => [])
  const entries = yield* logOf(id)
  const names = namesIn(entries)
  if (names.length === 0) return names
  const infos = yield* sessions.list({})
  const origins = new Set([
    ...infos.flatMap(({ origin }) => (origin === undefined ? [] : [origin.sessionId])),
    ...entries.flatMap(({ event }) => (event._tag === "Forked" ? [event.origin] : []))
  ])
  const related = infos.filter((other) => other.id !== id && (other.origin !== undefined || origins.has(other.id)))
  const shared = new Set((yield* Effect.forEach(related, (other) => logOf(other.id))).flatMap(namesIn))
  return names.filter((name) => !shared.has(name))
})

/**
 * Those of the files that no stored session names. A session that was imported names the files of another one.
 *
 * @since 0.1.0
 * @category functions
 */
export const unnamed = (names: ReadonlyArray<string>) =>
  Effect.filter(names, (name) =>
    SessionManager.use((sessions) => sessions.search({ text: name, limit: 1 })).pipe(
      Effect.map((hits) => hits.length === 0),
      // What cannot be found out is kept.
      Effect.orElseSucceed(() => false)
    )
  )

/**
 * Removes these files. Files that do not exist are ignored.
 *
 * @since 0.1.0
 * @category functions
 */
export const remove = (directory: string, names: ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.forEach(names, (name) => Effect.ignore(Effect.tryPromise(() => unlink(join(directory, name)))), {
    discard: true
  })
