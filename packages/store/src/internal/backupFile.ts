import { closeSync, fsyncSync, linkSync, lstatSync, openSync, renameSync, statSync } from "node:fs"
import { dirname, resolve } from "node:path"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { StorageError } from "@parley/domain/Errors"
import { BackupRefused } from "../BackupRefused.ts"
import { connect } from "./connection.ts"
import { copy } from "./copy.ts"
import { storageError, typed } from "./storageError.ts"

const operation = "back up"

const codeOf = (cause: unknown): unknown => (Predicate.hasProperty(cause, "code") ? cause.code : undefined)

const reasons = new Map<unknown, BackupRefused["reason"]>([
  ["EEXIST", "Exists"],
  ["EISDIR", "Directory"],
  ["ENOENT", "NoDirectory"],
  ["ENOTDIR", "NoDirectory"],
  ["EACCES", "NotWritable"],
  ["EPERM", "NotWritable"],
  ["EROFS", "NotWritable"]
])

/** Fails where something is already, a link that leads nowhere included. */
const free = (path: string): void => {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found !== undefined) throw Object.assign(new Error(path), { code: found.isDirectory() ? "EISDIR" : "EEXIST" })
}

const withoutHardLinks = new Set<unknown>(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"])

/** Gives the draft its name for good, and never another file's. */
const named = (draft: string, target: string): void => {
  try {
    linkSync(draft, target)
  } catch (cause) {
    if (!withoutHardLinks.has(codeOf(cause))) throw cause
    free(target)
    renameSync(draft, target)
  }
  // A directory cannot be opened everywhere; where it can, its entry is on the disk as well.
  try {
    const directory = openSync(dirname(target), "r")
    fsyncSync(directory)
    closeSync(directory)
  } catch {
    return
  }
}

/** What SQLite finds when it reads all of the copy. */
const whole = (draft: string) =>
  Effect.gen(function* () {
    const sql = yield* connect(draft, true)
    const rows = yield* sql.unsafe<{ readonly integrity_check: string }>("PRAGMA integrity_check").unprepared
    const found = rows.map((row) => row.integrity_check)
    if (found.join() !== "ok")
      return yield* new StorageError({ operation, reason: "Corrupt", detail: found.slice(0, 3).join("; ") })
  }).pipe(Effect.scoped, typed(operation, draft))

export const backup = Effect.fnUntraced(function* (filename: string, to: string) {
  const [path, target] = [resolve(filename), resolve(to)]
  const failed = (cause: unknown): BackupRefused | StorageError => {
    const reason = reasons.get(codeOf(cause))
    return reason === undefined ? storageError(operation, target, cause) : new BackupRefused({ path: target, reason })
  }
  const attempt = (body: () => void) => Effect.try({ try: body, catch: failed })
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true)
    return yield* new BackupRefused({ path, reason: "NothingYet" })
  yield* attempt(() => free(target))
  yield* copy({
    operation,
    path,
    target,
    failed,
    publish: (draft) =>
      Effect.andThen(
        whole(draft),
        attempt(() => named(draft, target))
      )
  })
})
