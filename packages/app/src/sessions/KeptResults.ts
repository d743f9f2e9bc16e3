import { unlink } from "node:fs/promises"
import { join } from "node:path"
import { textOf } from "@parley/domain/Content"
import type { LogEntry } from "@parley/domain/SessionEvent"
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
 * Removes these files. Files that do not exist are ignored.
 *
 * @since 0.1.0
 * @category functions
 */
export const remove = (directory: string, names: ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.forEach(names, (name) => Effect.ignore(Effect.tryPromise(() => unlink(join(directory, name)))), {
    discard: true
  })
