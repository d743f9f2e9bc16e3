import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { SqlClient } from "effect/sql/SqlClient"
import * as Schema from "effect/Schema"
import { SessionBusy, SessionNotFound, type StorageError } from "@parley/domain/Errors"
import type { SessionId } from "@parley/domain/Ids"
import { describe, Holder, type Lease } from "@parley/domain/Lease"
import * as ProcessIdentity from "@parley/os/ProcessIdentity"
import type { Database } from "./connection.ts"

/** A holder as it is stored, with enough information to tell whether its process still exists. */
const StoredHolder = Schema.fromJsonString(
  Schema.Struct({ ...Holder.fields, machine: Schema.String, started: Schema.String })
)
const encodeHolder = Schema.encodeSync(StoredHolder)
const decodeHolder = Schema.decodeUnknownOption(StoredHolder)

interface LeaseRow {
  readonly epoch: number
  readonly lease_until: number
  readonly holder: string | null
}

const select = `SELECT epoch, lease_until, holder FROM sessions WHERE id = ?`
/** Changes no row if another process acquired, renewed or released the lease since the row was read. */
const claim = `UPDATE sessions SET epoch = epoch + 1, lease_until = ?, holder = ?
  WHERE id = ? AND epoch = ? AND lease_until = ? RETURNING epoch`
const renew = `UPDATE sessions SET lease_until = ? WHERE id = ? AND epoch = ? AND holder = ? RETURNING key`
const release = `UPDATE sessions SET lease_until = 0, holder = NULL WHERE id = ? AND epoch = ? AND holder = ?`

/** This process, as a holder that is stored. `since` is in milliseconds since the epoch. */
export const holderNow = (since: number): string => {
  const { host, machine, pid, started } = ProcessIdentity
  return encodeHolder({ pid, host, since, machine, started })
}

/** The error for a session in use. `holder` is the value of the column. */
export const busy = (sessionId: SessionId, holder: string | null): SessionBusy =>
  Option.match(decodeHolder(holder), {
    onNone: () => new SessionBusy({ sessionId, detail: "another process has acquired its lease meanwhile" }),
    onSome: ({ host, pid, since }) => {
      const known = { pid, host, since }
      return new SessionBusy({ sessionId, detail: describe(known, ProcessIdentity.host), holder: known })
    }
  })

/** Whether the value of a column `holder` names a process that may still exist. */
export const isAlive = (holder: string): boolean => !Option.exists(decodeHolder(holder), ProcessIdentity.isDead)

/** A lease is free if it has no holder, has expired, or its holder's process has ended. */
const isFree = ({ holder, lease_until }: LeaseRow, now: number): boolean =>
  holder === null || lease_until <= now || Option.exists(decodeHolder(holder), ProcessIdentity.isDead)

/** The error for a session whose lease is held by a process that may still exist; undefined if it is free. */
export const inUse = (sql: SqlClient, id: SessionId) =>
  Effect.gen(function* () {
    const [row] = yield* sql.unsafe<LeaseRow>(select, [id])
    const now = yield* Clock.currentTimeMillis
    return row === undefined || isFree(row, now) ? undefined : busy(id, row.holder)
  })

/** How often an implausible lease is checked before it is taken over. */
const looks = 5

/** The leases of a database: columns that store which process may append to a session, until when, and in which epoch. */
export const make = (
  { run }: Database,
  settings: { readonly duration: Duration.Duration; readonly renewal: Duration.Duration }
) => {
  const duration = Duration.toMillis(settings.duration)

  type Held = Lease & { readonly holder: string }

  /**
   * Whether a lease is renewed or released within one lease duration from now. Used for a lease that is valid for longer
   * than that: it was written with a clock ahead of ours, so its time cannot be trusted.
   */
  const changes = (id: SessionId, row: LeaseRow) =>
    Effect.sleep(duration / looks).pipe(
      Effect.andThen(run("acquire")((sql) => sql.unsafe<LeaseRow>(select, [id]))),
      Effect.map(([now]) => now?.epoch !== row.epoch || now.lease_until !== row.lease_until),
      Effect.repeat({ times: looks - 1, until: (changed) => changed })
    )

  const take = Effect.fnUntraced(function* (
    id: SessionId,
    claimed: (held: Held) => void
  ): Effect.fn.Return<Held, StorageError | SessionNotFound | SessionBusy> {
    const [row] = yield* run("acquire")((sql) => sql.unsafe<LeaseRow>(select, [id]))
    if (row === undefined) return yield* new SessionNotFound({ sessionId: id })
    const now = yield* Clock.currentTimeMillis
    if (!isFree(row, now)) {
      const ahead = row.lease_until > now + duration
      if (!ahead || (yield* changes(id, row))) return yield* busy(id, row.holder)
    }
    const holder = holderNow(now)
    const [held] = yield* run("acquire")((sql) =>
      Effect.map(
        sql.unsafe<Lease>(claim, [now + duration, holder, id, row.epoch, row.lease_until]),
        (rows): ReadonlyArray<Held> => rows.map(({ epoch }) => ({ epoch, holder }))
      ).pipe(
        Effect.tap((rows) => Effect.sync(() => rows.forEach(claimed))),
        Effect.uninterruptible
      )
    )
    return held ?? (yield* take(id, claimed))
  })

  const giveBack = (id: SessionId, { epoch, holder }: Held) =>
    // If this cannot be stored, the lease expires.
    Effect.ignore(run("release")((sql) => sql.unsafe(release, [id, epoch, holder])))

  /** Interruptible while it waits for a locked database. An interrupted call leaves no lease behind. */
  const takeOrLeave = (id: SessionId) =>
    Effect.suspend(() => {
      let held: Held | undefined
      return take(id, (claimed) => {
        held = claimed
      }).pipe(Effect.onInterrupt(() => (held === undefined ? Effect.void : giveBack(id, held))))
    })

  /** Renews a lease; returns whether it is still held. A failed write counts as held: the next renewal may succeed. */
  const keep = (id: SessionId, { epoch, holder }: Held) =>
    Clock.currentTimeMillis.pipe(
      Effect.flatMap((now) => run("renew")((sql) => sql.unsafe(renew, [now + duration, id, epoch, holder]))),
      Effect.match({ onFailure: () => true, onSuccess: (rows) => rows.length > 0 })
    )

  /** Acquires the session's lease until the scope ends, and renews it in the background. */
  const acquire = Effect.fn("SessionManager.acquire")(function* (id: SessionId) {
    const lease = yield* Effect.acquireRelease(takeOrLeave(id), (held) => giveBack(id, held), { interruptible: true })
    yield* Effect.sleep(settings.renewal).pipe(
      Effect.andThen(keep(id, lease)),
      Effect.repeat({ while: (ours) => ours }),
      Effect.withTracerEnabled(false),
      Effect.forkScoped
    )
    return { epoch: lease.epoch } satisfies Lease
  })

  return { acquire }
}
