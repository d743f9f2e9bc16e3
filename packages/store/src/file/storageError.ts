import { accessSync, constants } from "node:fs"
import { dirname } from "node:path"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import * as Cause from "effect/Cause"
import { StorageError } from "@parley/domain/Errors"

type Reason = StorageError["reason"]

/** The reasons for SQLite's primary result codes. The higher bits of an extended code only refine the primary one. */
const reasons = new Map<number, Reason>([
  [5, "Busy"], // BUSY
  [6, "Busy"], // LOCKED
  [8, "ReadOnly"], // READONLY
  [11, "Corrupt"], // CORRUPT
  [13, "Full"], // FULL
  [15, "Busy"], // PROTOCOL: lost a race for the locks of the write-ahead log
  [26, "Corrupt"] // NOTADB
])

/**
 * Codes that mean that the file system does not support locks: IOERR_UNLOCK, _RDLOCK, _CHECKRESERVEDLOCK, _LOCK, _SHMLOCK
 * and PROTOCOL. The last one may be transient, and is retried.
 */
const locking = new Set([2058, 2314, 3594, 3850, 5130, 15])

const byCode = new Map<string, Reason>([
  ["ENOSPC", "Full"],
  ["EDQUOT", "Full"],
  ["EROFS", "ReadOnly"],
  // node:sqlite read an integer that no version of Parley writes.
  ["ERR_OUT_OF_RANGE", "Corrupt"]
])

const reasonOf = (cause: unknown): Reason =>
  Predicate.hasProperty(cause, "errcode") && typeof cause.errcode === "number"
    ? (reasons.get(cause.errcode & 0xff) ?? "Unavailable")
    : Predicate.hasProperty(cause, "code") && typeof cause.code === "string"
      ? (byCode.get(cause.code) ?? "Unavailable")
      : "Unavailable"

const rootCause = (error: unknown): unknown => (isSqlError(error) ? error.reason.cause : error)

const messageOf = (cause: unknown): string =>
  Predicate.hasProperty(cause, "message") && typeof cause.message === "string" ? cause.message : String(cause)

/** Whether an error is due to a read-only file system. SQLite reports it only as a file that cannot be opened (CANTOPEN). */
const mayOnlyRead = (cause: unknown, path: string): boolean => {
  if (!Predicate.hasProperty(cause, "errcode") || cause.errcode !== 14) return false
  try {
    accessSync(dirname(path), constants.W_OK)
    return false
  } catch {
    return true
  }
}

/** Advice for the user, where SQLite's own message is not helpful. */
const hintOf = (cause: unknown): string => {
  const code = Predicate.hasProperty(cause, "errcode") && typeof cause.errcode === "number" ? cause.errcode : 0
  if (locking.has(code))
    return "; its file system does not support file locks: put the database on a local disk, for example with XDG_DATA_HOME"
  switch (code & 0xff) {
    case 10:
      return "; the disk or its file system reported an error: check both"
    case 14:
      return "; check the permissions of the file and its directory, and the limit of open files (ulimit -n)"
    default:
      return ""
  }
}

/** Converts an error of SQLite, the driver or the file system to a `StorageError`, with the path and advice for the user. */
export const storageError = (operation: string, path: string, error: unknown): StorageError => {
  const cause = rootCause(error)
  const reason = mayOnlyRead(cause, path) ? "ReadOnly" : reasonOf(cause)
  return new StorageError({ operation, reason, detail: `${messageOf(cause)} (${path})${hintOf(cause)}` })
}

/**
 * Converts the failures of database operations to `StorageError`. The driver throws in its constructor and turns a failed
 * rollback into a defect: defects that come from SQLite or the file system are converted too, all others stay defects.
 */
export const typed =
  (operation: string, path: string) =>
  <A, R>(effect: Effect.Effect<A, SqlError | StorageError, R>): Effect.Effect<A, StorageError, R> =>
    effect.pipe(
      Effect.catchDefect((defect) =>
        isSqlError(defect) || Predicate.hasProperty(defect, "errcode") || Predicate.hasProperty(defect, "code")
          ? Effect.fail(storageError(operation, path, defect))
          : Effect.die(defect)
      ),
      Effect.mapError((error) => (isSqlError(error) ? storageError(operation, path, error) : error))
    )

/** IOERR and CANTOPEN: after these it is unknown which data is on the disk, and whether the files are open. */
const fatal = new Set([10, 14])

/** Whether a connection must not be used again after a failure with this cause. */
export const breaksConnection = (cause: Cause.Cause<unknown>): boolean => {
  const error = cause.pipe(Cause.squash, rootCause)
  return Predicate.hasProperty(error, "errcode") && typeof error.errcode === "number" && fatal.has(error.errcode & 0xff)
}
