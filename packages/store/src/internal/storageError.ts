import { accessSync, constants } from "node:fs"
import { dirname } from "node:path"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import { StorageError } from "@parley/domain/Errors"

type Reason = StorageError["reason"]

/** SQLite's primary result codes; the higher bits of a code only refine it. */
const reasons = new Map<number, Reason>([
  [5, "Busy"], // BUSY
  [6, "Busy"], // LOCKED
  [8, "ReadOnly"], // READONLY
  [11, "Corrupt"], // CORRUPT
  [13, "Full"], // FULL
  [15, "Busy"], // PROTOCOL: lost a race for the locks of the write-ahead log
  [26, "Corrupt"] // NOTADB
])

/** IOERR_UNLOCK, _RDLOCK, _CHECKRESERVEDLOCK, _LOCK, _SHMLOCK; PROTOCOL may pass and is tried again. */
const locking = new Set([2058, 2314, 3594, 3850, 5130, 15])

const byCode = new Map<string, Reason>([
  ["ENOSPC", "Full"],
  ["EDQUOT", "Full"],
  ["EROFS", "ReadOnly"],
  // node:sqlite met an integer that no version of Parley writes.
  ["ERR_OUT_OF_RANGE", "Corrupt"]
])

const reasonOf = (cause: unknown): Reason =>
  Predicate.hasProperty(cause, "errcode") && typeof cause.errcode === "number"
    ? (reasons.get(cause.errcode & 0xff) ?? "Unavailable")
    : Predicate.hasProperty(cause, "code") && typeof cause.code === "string"
      ? (byCode.get(cause.code) ?? "Unavailable")
      : "Unavailable"

export const rootCause = (error: unknown): unknown => (isSqlError(error) ? error.reason.cause : error)

const messageOf = (cause: unknown): string =>
  Predicate.hasProperty(cause, "message") && typeof cause.message === "string" ? cause.message : String(cause)

/** SQLite says of a file system that may only be read no more than that it cannot open a file. */
const mayOnlyRead = (cause: unknown, path: string): boolean => {
  if (!Predicate.hasProperty(cause, "errcode") || cause.errcode !== 14) return false
  try {
    accessSync(dirname(path), constants.W_OK)
    return false
  } catch {
    return true
  }
}

/** What a person may look at, where SQLite's own words say little. */
const hintOf = (cause: unknown): string => {
  const code = Predicate.hasProperty(cause, "errcode") && typeof cause.errcode === "number" ? cause.errcode : 0
  if (locking.has(code))
    return "; its file system does not lock files: put it on a local disk, for example with XDG_DATA_HOME"
  switch (code & 0xff) {
    case 10:
      return "; the disk or its file system reports an error: check both"
    case 14:
      return "; look at the permissions of it and its directory, and at the limit of open files (ulimit -n)"
    default:
      return ""
  }
}

/** What SQLite, the driver or the file system reported, in the words of the domain. */
export const storageError = (operation: string, path: string, error: unknown): StorageError => {
  const cause = rootCause(error)
  const reason = mayOnlyRead(cause, path) ? "ReadOnly" : reasonOf(cause)
  return new StorageError({ operation, reason, detail: `${messageOf(cause)} (${path})${hintOf(cause)}` })
}

/**
 * Types the failures of database work. The driver throws in its constructor and promotes a failed rollback to a defect:
 * what bears SQLite's marks is a storage failure there too, and any other defect stays one.
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
