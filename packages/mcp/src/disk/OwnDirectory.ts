import * as fs from "node:fs"
import { dirname } from "node:path"
import { faultOf, faultOfLink, refusal } from "@parley/domain/Ownership"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { self } from "@parley/os/Self"

/** Why Parley does not use one of its own directories or files. `problem` continues a sentence that begins with the path. */
export class NotOurs extends Schema.TaggedError<NotOurs>()("NotOurs", { path: Schema.String, problem: Schema.String }) {
  override get message(): string {
    return `${this.path}: ${this.problem}`
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const attempt = <A>(path: string, action: () => A) =>
  Effect.try({ try: action, catch: (cause) => new NotOurs({ path, problem: messageOf(cause) }) })

/** Fails if `found`, from `lstat`, is a symbolic link, or if another user could have created or changed it. */
export const judge = (path: string, found: fs.Stats): Effect.Effect<void, NotOurs> => {
  if (found.isSymbolicLink())
    return Effect.fail(
      new NotOurs({
        path,
        problem: "is a symbolic link, which Parley does not follow here; put the real one in its place"
      })
    )
  const me = self()
  const fault = faultOf(me, found)
  return fault === undefined ? Effect.void : Effect.fail(new NotOurs({ path, problem: refusal(me, path, fault) }))
}

/** Whether the owner of a file counts as this user (see `Ownership`); its mode is not considered. */
export const isOurs = (found: fs.Stats): boolean => faultOfLink(self(), found) === undefined

/** Like `judge`, for a path. Succeeds if nothing exists there. */
export const check = (path: string): Effect.Effect<void, NotOurs> =>
  Effect.flatMap(
    attempt(path, () => fs.lstatSync(path, { throwIfNoEntry: false })),
    (found) => (found === undefined ? Effect.void : judge(path, found))
  )

/**
 * Checks the parent of one of our directories. It may be a symbolic link, or a shared directory with the sticky bit such as
 * `/tmp`, where other users cannot replace our entries. Any other directory that other users can write to is refused.
 */
const checkAround = (path: string): Effect.Effect<void, NotOurs> =>
  Effect.flatMap(
    attempt(path, () => fs.statSync(path, { throwIfNoEntry: false })),
    (found) => {
      const me = self()
      const fault = found === undefined ? undefined : faultOf(me, found)
      return fault === undefined || fault.kind === "shared"
        ? Effect.void
        : Effect.fail(new NotOurs({ path, problem: refusal(me, path, fault) }))
    }
  )

/** Fails if another user could change or replace this directory. Succeeds if it does not exist. */
export const checkDirectory = (path: string): Effect.Effect<void, NotOurs> =>
  Effect.andThen(checkAround(dirname(path)), check(path))

/**
 * Creates a directory and its missing parents with mode 0700. An existing directory is checked first, and its mode is set to
 * 0700.
 */
export const own = Effect.fnUntraced(function* (path: string) {
  yield* checkDirectory(path)
  yield* attempt(path, () => fs.mkdirSync(path, { recursive: true, mode: 0o700 }))
  yield* checkDirectory(path)
  const found = yield* attempt(path, () => fs.lstatSync(path))
  if (!found.isDirectory()) return yield* new NotOurs({ path, problem: "is not a directory" })
  // The umask of the process may have removed bits from the mode given to `mkdir`.
  if ((found.mode & 0o777) !== 0o700) yield* attempt(path, () => fs.chmodSync(path, 0o700))
})
