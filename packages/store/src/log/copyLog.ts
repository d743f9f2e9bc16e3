import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { SessionBusy, SessionNotFound, StorageError } from "@parley/domain/Errors"
import type { SessionId } from "@parley/domain/Ids"
import type { LogEntry, SessionEvent } from "@parley/domain/SessionEvent"
import { fresh, project, type SessionInfo } from "@parley/domain/SessionInfo"
import type { Database } from "../database/connection.ts"
import type { Synchronous } from "../database/barrier.ts"
import { wrote } from "./commit.ts"
import * as EventRows from "./eventRows.ts"
import * as PostRows from "./postRows.ts"
import * as SessionRows from "./sessionRows.ts"

/**
 * Creates a session from the events of another one, in one transaction with a full barrier. The rows are copied within the
 * database, so that the copy has exactly the stored texts.
 */
export const make = Effect.fnUntraced(function* (
  { inPlace, run }: Database,
  synchronous: Synchronous,
  options: {
    readonly id: SessionId
    readonly origin: SessionId
    readonly info: SessionInfo
    /** What is copied, without deltas. */
    readonly copied: ReadonlyArray<LogEntry>
    /** What follows it. */
    readonly events: ReadonlyArray<SessionEvent>
  }
) {
  const { copied, events, id, info, origin } = options
  const now = yield* Clock.currentTimeMillis
  const through = copied.at(-1)?.seq ?? 0
  const added = events.map((event, i): LogEntry => ({ seq: through + 1 + i, at: now, event }))
  const bodies = Result.all(events.map(EventRows.encode))
  if (Result.isFailure(bodies))
    return yield* new StorageError({ operation: "fork", reason: "Unavailable", detail: bodies.failure })
  const forked = [...copied, ...added].reduce(project, fresh(id, now, info))
  const outcome = yield* run("fork")((sql) =>
    Effect.andThen(
      synchronous(sql, "FULL"),
      Effect.gen(function* () {
        if ((yield* sql.unsafe(SessionRows.selectHead, [origin])).length === 0) return "gone" as const
        const [row] = yield* sql.unsafe<{ readonly key: number }>(SessionRows.insert, SessionRows.insertValues(forked))
        if (row === undefined) return "taken" as const
        yield* sql.unsafe(EventRows.copy, [row.key, origin, through])
        yield* wrote(sql, copied.length)
        yield* sql.unsafe(PostRows.copyLast, [row.key, origin])
        const rows = added.map(({ at, seq }, i) => ({
          session: row.key,
          seq,
          at,
          body: bodies.success[i] ?? "",
          deltaOf: null
        }))
        for (const some of Arr.chunksOf(rows, EventRows.insertLimit))
          yield* sql.unsafe(EventRows.insert(some.length), EventRows.insertValues(some))
        return "copied" as const
      }).pipe(sql.withTransaction)
    )
  )
  yield* inPlace
  if (outcome === "gone") return yield* new SessionNotFound({ sessionId: origin })
  if (outcome === "taken") return yield* new SessionBusy({ sessionId: id, detail: "this id is already taken" })
  return forked
})
