import { randomBytes } from "node:crypto"
import { lstat, readdir, unlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { text } from "@parley/domain/Content"
import type { ToolOutput } from "@parley/domain/Tool"
import { allEndings, type Keep, keepNothing } from "../Keeping.ts"
import { plainLine } from "../PlainText.ts"
import { checkDirectory, own } from "./OwnDirectory.ts"

/** Where results that are too large to be shown are kept. */
export interface ResultFiles {
  readonly directory: string
  /** The tool that reads them, if there is one. */
  readonly readWith: string | undefined
}

class NotKept extends Schema.TaggedError<NotKept>()("NotKept", { problem: Schema.String }) {}

/** No more files than that are written for one result, however many parts it has. */
const maxFiles = 50
const maxAgeMillis = 30 * 24 * 60 * 60 * 1000
/** How many old files one start looks at. What is left then is for the next. */
const sweepEntries = 10_000

const ownName = new RegExp(`^result-[0-9a-f]{32}\\.(?:${allEndings.join("|")})$`)

/** Whether a file is called as only we call files. */
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
    // Half a file would pass for a whole one.
    Effect.onError(() => Effect.ignore(attempt(() => unlink(path))))
  )

/**
 * Makes a result and writes the files it refers to: readable by this user alone, under names that nobody can guess. When
 * they cannot be written, the result is made again without them and says so.
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

/** Removes what has been kept for thirty days. What cannot be removed stays; nothing else in the directory is touched. */
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
