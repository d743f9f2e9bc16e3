import { closeSync, fsyncSync, linkSync, lstatSync, openSync, renameSync, statSync } from "node:fs"
import { dirname, resolve } from "node:path"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { StorageError } from "@parley/domain/Errors"
import { connect } from "../database/connection.ts"
import { copy } from "../database/copy.ts"
import { storageError, typed } from "../file/storageError.ts"
import * as Schema from "effect/Schema"

/**
 * A backup was not made: nothing was written to `path`.
 *
 * @since 0.1.0
 * @category errors
 */
export class BackupRefused extends Schema.TaggedError<BackupRefused>()("BackupRefused", {
  path: Schema.String,
  reason: Schema.Literals(["Exists", "Directory", "NoDirectory", "NotWritable", "NothingYet"])
}) {
  override get message(): string {
    const words: { readonly [R in typeof this.reason]: string } = {
      Exists: "it exists already, and a backup never replaces a file: choose another name",
      Directory: "it is a directory: give the name of a file in it",
      NoDirectory: "its directory does not exist: create it first",
      NotWritable: "its directory is not writable: change its permissions, or choose another directory",
      NothingYet: "there is no database yet, so there is nothing to copy"
    }
    return `${this.path}: ${words[this.reason]}`
  }
}

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

/** Fails if something exists at the path, including a dangling symbolic link. */
const free = (path: string): void => {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found !== undefined) throw Object.assign(new Error(path), { code: found.isDirectory() ? "EISDIR" : "EEXIST" })
}

const withoutHardLinks = new Set<unknown>(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"])

/** Gives the draft its final name, durably and without replacing an existing file. */
const named = (draft: string, target: string): void => {
  try {
    linkSync(draft, target)
  } catch (cause) {
    if (!withoutHardLinks.has(codeOf(cause))) throw cause
    free(target)
    renameSync(draft, target)
  }
  // Sync the directory, so that the new name is durable. Some systems cannot open directories; that is ignored.
  try {
    const directory = openSync(dirname(target), "r")
    fsyncSync(directory)
    closeSync(directory)
  } catch {
    return
  }
}

/** Runs SQLite's integrity check on the copy, which reads all of it. */
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
