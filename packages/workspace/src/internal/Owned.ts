import { ConfigError } from "@parley/domain/Errors"
import { faultOf, faultOfLink, type Fault, refusal } from "@parley/domain/Ownership"
import * as Effect from "effect/Effect"
import { constants, type Stats } from "node:fs"
import * as fs from "node:fs/promises"
import { attempt, dirname, join, resolve } from "./Disk.ts"
import { self } from "@parley/os/Self"
import { isMissing, type Unreadable } from "./Unreadable.ts"
import { relative, sep } from "node:path"

/** What is wrong with what is there; a mode does not matter where nobody can write, such as in a configuration that is mounted. */
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

/** What is at a path itself, which may be a link; nothing where nothing is. */
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

/** A path that the user may have made a link, to wherever their settings are kept: the link must be theirs, and its target. */
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
 * Fails when another user could have written a file of the user's, or the directory that it is in. Links that are the user's
 * own are followed. What is missing is no failure.
 */
export const file = (path: string): Effect.Effect<void, ConfigError> =>
  Effect.andThen(linked(dirname(path)), linked(path))

/**
 * The same for what Parley itself has made below one of its own directories: the directory may be a link of the user's, and
 * nothing below it may be one.
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
        problem: "is a symbolic link, which Parley does not follow here; put the real one in its place"
      })
    yield* judge(at, found)
  }
})
