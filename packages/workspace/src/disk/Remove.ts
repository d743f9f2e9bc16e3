import * as Effect from "effect/Effect"
import * as fs from "node:fs/promises"
import { attempt, join } from "./SafeFile.ts"
import { isMissing, type Unreadable } from "./Unreadable.ts"

/** Removes a file and returns whether it existed. */
export const file = (path: string): Effect.Effect<boolean, Unreadable> =>
  attempt(() => fs.unlink(path)).pipe(
    Effect.as(true),
    Effect.catchIf(isMissing, () => Effect.succeed(false))
  )

/** Removes all files of a directory that contains only plain files, and returns how many were removed. */
export const filesIn = (directory: string): Effect.Effect<number, Unreadable> =>
  attempt(() => fs.readdir(directory)).pipe(
    Effect.catchIf(isMissing, () => Effect.succeed([])),
    Effect.flatMap((names) => Effect.forEach(names, (name) => file(join(directory, name)))),
    Effect.map((removed) => removed.filter(Boolean).length)
  )
