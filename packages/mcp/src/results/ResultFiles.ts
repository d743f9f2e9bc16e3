import { randomBytes } from "node:crypto"
import { lstat, readdir, unlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { text } from "@parley/domain/Content"
import type { ToolOutput } from "@parley/domain/Tool"
import { allEndings, type Keep, keepNothing } from "./Keeping.ts"
import { plainLine } from "@parley/domain/VisibleText"
import { checkDirectory, own } from "../disk/OwnDirectory.ts"

/** The directory in which results that are too large to be shown are stored. */
export interface ResultFiles {
  readonly directory: string
  /** The name of the tool that reads them, if there is one. */
  readonly readWith: string | undefined
}

class NotKept extends Schema.TaggedError<NotKept>()("NotKept", { problem: Schema.String }) {}

/** The maximum number of files written for one result, however many parts it has. */
const maxFiles = 50
const maxAgeMillis = 30 * 24 * 60 * 60 * 1000
/** How many stored files one sweep inspects. Any others are left to later sweeps. */
const sweepEntries = 10_000

const ownName = new RegExp(`^result-[0-9a-f]{32}\\.(?:${allEndings.join("|")})$`)

/** Whether a file name has the pattern of our stored results. */
export const isOwnName = (name: string): boolean => ownName.test(name)

const attempt = <A>(run: (signal: AbortSignal) => Promise<A>) =>
  Effect.tryPromise({ try: run, catch: (cause) => new NotKept({ problem: plainLine(String(cause), 200) }) })

const secureDirectory = (directory: string) =>
  Effect.mapError(
    own(directory),
    ({ message }) =>
      new NotKept({ problem: `its directory must be one that only its owner can use (mode 0700): ${message}` })
  )

const write = (path: string, content: string | Uint8Array) =>
  attempt((signal) => writeFile(path, content, { flag: "wx", mode: 0o600, signal })).pipe(
    // A partial file would look like a complete one.
    Effect.onError(() => Effect.ignore(attempt(() => unlink(path))))
  )

/**
 * Calls `make` and writes the files that its result refers to. They are readable only by this user and have random names. If
 * they cannot be written, the result is made again without files, and a note states the reason.
 */
export const keeping = Effect.fnUntraced(function* (
  files: ResultFiles | undefined,
  make: (keep: Keep) => ToolOutput
): Effect.fn.Return<ToolOutput> {
  if (files === undefined) return make(keepNothing)
  const wanted = new Map<string, string | Uint8Array>()
  const output = make((content, ending) => {
    if (wanted.size >= maxFiles) return undefined
    const name = `result-${randomBytes(16).toString("hex")}.${ending}`
    const path = join(files.directory, name)
    wanted.set(path, content)
    return { name, path, readWith: files.readWith }
  })
  if (wanted.size === 0) return output
  return yield* secureDirectory(files.directory).pipe(
    Effect.andThen(Effect.forEach(wanted, ([path, content]) => write(path, content), { discard: true })),
    Effect.as(output),
    Effect.catch(({ problem }) => {
      const { content, isError } = make(keepNothing)
      return Effect.succeed({
        isError,
        content: [...content, text(`[What was left out could not be kept: ${problem}]`)]
      })
    })
  )
})

/** Deletes stored results older than thirty days, ignoring failures. Other files in the directory are not touched. */
export const sweep = Effect.fnUntraced(
  function* (directory: string) {
    yield* checkDirectory(directory)
    const before = (yield* Clock.currentTimeMillis) - maxAgeMillis
    const names = (yield* attempt(() => readdir(directory))).filter(isOwnName).slice(0, sweepEntries)
    yield* Effect.forEach(
      names,
      (name) =>
        attempt(() => lstat(join(directory, name))).pipe(
          Effect.flatMap((status) =>
            status.isFile() && status.mtimeMs < before ? attempt(() => unlink(join(directory, name))) : Effect.void
          ),
          Effect.ignore
        ),
      { discard: true }
    )
  },
  (swept) => Effect.ignore(swept)
)
