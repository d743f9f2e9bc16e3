import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { isDeepStrictEqual } from "node:util"
import { Context, Effect, Layer } from "effect"
import { SessionId } from "../../packages/domain/src/Ids.ts"
import type { LogEntry } from "../../packages/domain/src/SessionEvent.ts"
import { SessionManager } from "../../packages/domain/src/SessionManager.ts"
import * as SqliteSessions from "../../packages/store/src/sessions/SqliteSessions.ts"
import type { Image } from "./losses.ts"
import { promised, type Recording } from "./record.ts"

/** The id of the only session of a recording. */
export const sessionId = SessionId.make("session")

/** Replaces the contents of `directory` with an image. */
export const lay = (directory: string, image: Image): void => {
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  for (const [name, content] of image) writeFileSync(join(directory, name), content, { mode: 0o600 })
}

/** The problems of a log after a power loss. `told` is the number of entries that were acknowledged before. */
export const wrong = (recording: Recording, told: number, log: ReadonlyArray<LogEntry>): ReadonlyArray<string> => {
  const last = promised(recording, told)
  const head = log.at(-1)?.seq ?? 0
  const known = new Map(recording.acknowledged.map((entry) => [entry.seq, entry]))
  const stored = new Set(log.map(({ seq }) => seq))
  return [
    ...(last === undefined || head >= last.seq
      ? []
      : [`${last.event._tag} ${last.seq} was acknowledged, the log ends with ${head}`]),
    ...log
      .filter((entry) => !isDeepStrictEqual(entry, known.get(entry.seq)))
      .map(({ event, seq }) => `${event._tag} ${seq} is not as it was stored`),
    ...recording.acknowledged
      .filter(({ event, seq }) => event._tag !== "TurnDelta" && seq <= head && !stored.has(seq))
      .map(({ event, seq }) => `${event._tag} ${seq} is missing`)
  ]
}

/** Opens an image with the store, as the next process would, and returns the problems found. */
export const judge = (recording: Recording, told: number, directory: string): Promise<ReadonlyArray<string>> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const layer = Layer.fresh(SqliteSessions.layer({ filename: join(directory, "parley.db") }))
      const sessions = Context.get(yield* Layer.build(layer), SessionManager)
      const found = yield* sessions.list({})
      return wrong(recording, told, found.length === 0 ? [] : yield* sessions.read(sessionId, 0))
    }).pipe(
      Effect.scoped,
      Effect.catch((error) => Effect.succeed([`refused: ${error.message}`]))
    )
  )
