import * as fs from "node:fs"
import { dirname } from "node:path"
import { faultOf, faultOfLink, refusal } from "@parley/domain/Ownership"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { self } from "@parley/os/Self"

/** Why a directory or file of ours is not used. `problem` continues a sentence that begins with the path. */
export class NotOurs extends Schema.TaggedError<NotOurs>()("NotOurs", { path: Schema.String, problem: Schema.String }) {
  override get message(): string {
    return `${this.path}: ${this.problem}`
  }
}

const said = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const attempt = <A>(path: string, action: () => A) =>
  Effect.try({ try: action, catch: (cause) => new NotOurs({ path, problem: said(cause) }) })

/** Fails when what is there is a link, or such that another user could have made or changed it. */
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

/** Whether a file is this user's own, whatever its mode. */
export const isOurs = (found: fs.Stats): boolean => faultOfLink(self(), found) === undefined

/** The same for a path, of which nothing may be there. */
export const check = (path: string): Effect.Effect<void, NotOurs> =>
  Effect.flatMap(
    attempt(path, () => fs.lstatSync(path, { throwIfNoEntry: false })),
    (found) => (found === undefined ? Effect.void : judge(path, found))
  )

/**
 * The directory that one of ours is in may be a link, and one that all share, as `/tmp` is: what is ours stays there. It
 * must not be one in which others could put something in its place.
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

/** Fails unless a directory of ours, if it is there, is one that only this user can change. */
export const checkDirectory = (path: string): Effect.Effect<void, NotOurs> =>
  Effect.andThen(checkAround(dirname(path)), check(path))

/** Makes a directory, and what is missing above it, for its owner only; one that is there is checked, and closed to others. */
export const own = Effect.fnUntraced(function* (path: string) {
  yield* checkDirectory(path)
  yield* attempt(path, () => fs.mkdirSync(path, { recursive: true, mode: 0o700 }))
  yield* checkDirectory(path)
  const found = yield* attempt(path, () => fs.lstatSync(path))
  if (!found.isDirectory()) return yield* new NotOurs({ path, problem: "is not a directory" })
  // The mode that a directory is made with is subject to the umask of the process.
  if ((found.mode & 0o777) !== 0o700) yield* attempt(path, () => fs.chmodSync(path, 0o700))
})
