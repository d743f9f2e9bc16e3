import { ConfigError } from "@parley/domain/Errors"
import { faultOf, faultOfLink, type Fault, refusal } from "@parley/domain/Ownership"
import * as Effect from "effect/Effect"
import { constants, type Stats } from "node:fs"
import * as fs from "node:fs/promises"
import { attempt, dirname, join, resolve } from "./SafeFile.ts"
import { self } from "@parley/os/Self"
import { isMissing, type Unreadable } from "./Unreadable.ts"
import { relative, sep } from "node:path"

/** What is wrong with a file's owner or mode. The mode is irrelevant on a read-only file system, such as a mounted one. */
export const faultAt = Effect.fnUntraced(function* (path: string, found: Stats) {
  const fault = (found.isSymbolicLink() ? faultOfLink : faultOf)(self(), found)
  if (fault === undefined || fault.kind === "owner") return fault
  const readOnly = yield* attempt(() => fs.access(path, constants.W_OK)).pipe(
    Effect.match({ onSuccess: () => false, onFailure: ({ code }) => code === "EROFS" })
  )
  return readOnly ? undefined : fault
})

const refuse = (path: string, fault: Fault) => new ConfigError({ path, problem: refusal(self(), path, fault) })

const unreadable = (path: string) => (error: Unreadable) => new ConfigError({ path, problem: error.problem })

/** The status of a path without following a link; undefined if nothing exists there. */
const lookAt = (path: string) =>
  attempt(() => fs.lstat(path)).pipe(
    Effect.catchIf(isMissing, () => Effect.undefined),
    Effect.mapError(unreadable(path))
  )

const judge = Effect.fnUntraced(function* (path: string, found: Stats) {
  const fault = yield* faultAt(path, found)
  if (fault !== undefined) return yield* refuse(path, fault)
})

const mostLinks = 16

/** Checks a path that may be a link, such as to a directory of dotfiles: the link and its target must be the user's. */
const linked = Effect.fnUntraced(function* (path: string) {
  let at = path
  for (let links = 0; links < mostLinks; links++) {
    const found = yield* lookAt(at)
    if (found === undefined) return
    yield* judge(at, found)
    if (!found.isSymbolicLink()) return
    const here = at
    const target = yield* Effect.mapError(
      attempt(() => fs.readlink(here)),
      unreadable(here)
    )
    at = resolve(dirname(here), target)
    const around = yield* lookAt(dirname(at))
    if (around !== undefined) yield* judge(dirname(at), around)
  }
})

/**
 * Fails if another user could have written the file, or could write to its directory. The user's own links are followed. A
 * missing file is no failure.
 *
 * @since 0.1.0
 * @category functions
 */
export const file = (path: string): Effect.Effect<void, ConfigError> =>
  Effect.andThen(linked(dirname(path)), linked(path))

/**
 * The same for files that Parley itself has created below one of its own directories: the directory may be a link of the
 * user's, but nothing below it may be a link.
 *
 * @since 0.1.0
 * @category functions
 */
export const below = Effect.fnUntraced(function* (directory: string, path: string) {
  yield* linked(directory)
  const steps = relative(directory, path).split(sep)
  for (let n = 1; n <= steps.length; n++) {
    const at = join(directory, ...steps.slice(0, n))
    const found = yield* lookAt(at)
    if (found === undefined) return
    if (found.isSymbolicLink())
      return yield* new ConfigError({
        path: at,
        problem: "is a symbolic link, which Parley does not follow here; replace it with the real file or directory"
      })
    yield* judge(at, found)
  }
})
