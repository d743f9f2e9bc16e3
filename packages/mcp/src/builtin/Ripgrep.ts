import { execFile } from "node:child_process"
import { join, sep } from "node:path"
import process from "node:process"
import * as Effect from "effect/Effect"
import type { SearchPattern } from "./SearchPattern.ts"

/**
 * The program of the optional dependency `@vscode/ripgrep`; `undefined` if it is not installed or has none for this system.
 * A program of the same name on the PATH is not used.
 */
const program: Effect.Effect<string | undefined> = Effect.tryPromise(() => import("@vscode/ripgrep")).pipe(
  Effect.map(({ rgPath }) => rgPath),
  Effect.orElseSucceed(() => undefined)
)

// Windows starts no program without this variable.
const { SystemRoot } = process.env
const environment = SystemRoot === undefined ? {} : { SystemRoot }

/** In bytes: the names of files with matches, each at most once. */
const maxOutput = 64 * 1024 * 1024

/** Directories that are left out by name; a command line is limited, and files of others are left out later. */
const maxLeftOut = 400

/** A path in ripgrep's globs, where it is anchored by its first slash. */
const glob = (path: string): string => `!/${path.replace(/[\\*?[\]{}!]/g, "\\$&")}`

export interface RipgrepSearch {
  /** The real path of the directory to search. */
  readonly directory: string
  /** Directories below it that need not be searched, relative to it. */
  readonly leftOut: ReadonlyArray<string>
  readonly millis: number
}

const output = (file: string, args: ReadonlyArray<string>, { directory, millis }: RipgrepSearch) =>
  Effect.callback<string | undefined>((resume) => {
    const child = execFile(
      file,
      args,
      {
        cwd: directory,
        timeout: millis,
        killSignal: "SIGKILL",
        maxBuffer: maxOutput,
        windowsHide: true,
        env: environment
      },
      (error, stdout) => resume(Effect.succeed(error === null || error.code === 1 ? stdout : undefined))
    )
    child.stdin?.end()
    return Effect.sync(() => void child.kill("SIGKILL"))
  })

/**
 * The files below a directory that may have a match, relative to it, with `/`. It may be more than have one: ripgrep knows
 * nothing of what is withheld, so no result of it is shown. `undefined` if ripgrep cannot be used, or could not search
 * everything.
 */
export const ripgrepFiles = Effect.fnUntraced(function* (pattern: SearchPattern, search: RipgrepSearch) {
  const file = pattern.ripgrep === undefined ? undefined : yield* program
  if (file === undefined || pattern.ripgrep === undefined || search.leftOut.length > maxLeftOut) return undefined
  const args = [
    "--no-config",
    "--files-with-matches",
    "--null",
    "--text",
    "--no-ignore",
    "--hidden",
    "--no-messages",
    "--glob",
    "!.git",
    ...search.leftOut.flatMap((path) => ["--glob", glob(path)]),
    ...pattern.ripgrep,
    "--",
    "./"
  ]
  const written = yield* output(file, args, search)
  if (written === undefined) return undefined
  // A name that is not UTF-8 cannot be opened by this name, and is not found by a walk either.
  return new Set(written.split("\0").flatMap((path) => (path === "" ? [] : [join(path).split(sep).join("/")])))
})
