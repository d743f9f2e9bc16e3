import { byPath, type FileSet, type WorkspaceFile } from "@parley/domain/FilesManager"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { FileLimits } from "./FileLimits.ts"
import * as SafeFile from "../disk/SafeFile.ts"
import type { FileCache } from "./FileCache.ts"
import { inTotal, perFile, type Settings, tooLarge, tooMuch } from "./FileSettings.ts"
import { plain } from "../json/Plain.ts"
import type { Wanted } from "./Select.ts"
import { isMissing, type Unreadable } from "../disk/Unreadable.ts"
import { monotonicMillis, type Skipped } from "./Walk.ts"

/** How many files are looked up concurrently. */
const atOnce = 16

export interface ReadOptions {
  /** A real path. */
  readonly root: string
  readonly limits: FileLimits
  readonly cache: FileCache
  /** A time of the monotonic clock, in milliseconds. */
  readonly deadline: number
}

export const reasonFor = (path: string, error: Unreadable): string => {
  if (error.code === "EISDIR") return `is a directory; to include its files, write \`${path}/**\``
  // File names are bytes. A name that is not UTF-8 cannot be converted to text and back, so its file is not found.
  if (isMissing(error) && path.includes("\uFFFD")) return "its name is not valid UTF-8"
  return error.problem
}

const sorted = (paths: Iterable<string>): ReadonlyArray<string> =>
  [...paths].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))

/**
 * Reads the wanted files within the budgets: first the named ones, then those that patterns found, both sorted by code unit.
 * A file that does not fit is skipped, and later ones that fit are taken. So the selection depends only on the names and
 * sizes of the files, unless the time runs out.
 */
export const readFiles = Effect.fnUntraced(function* (wanted: Wanted, settings: Settings, options: ReadOptions) {
  const { cache, deadline, limits, root } = options
  const single = perFile(settings)
  const total = inTotal(settings)
  const files: Array<WorkspaceFile> = []
  const skipped: Array<Skipped> = []
  const paths = [...sorted(wanted.named), ...sorted(wanted.found.keys())]
  let budget = total.bytes
  let bytes = 0
  let exhausted: string | undefined

  const why = (path: string): string => {
    const pattern = wanted.found.get(path)
    return pattern === undefined ? "named in .parley/context.json" : `matches ${plain(pattern)} in .parley/context.json`
  }
  const identify = (path: string) => Effect.result(SafeFile.identify(SafeFile.join(root, path), { real: root }))
  const refusal = (size: number): string | undefined => {
    if (size > single.bytes) return tooLarge(single, size)
    if (size > budget) return tooMuch(total, size)
    if (files.length === limits.files) exhausted = `more than ${limits.files} files`
    else if (bytes + size > limits.bytes)
      exhausted = `not read: the files together have more than ${limits.bytes} bytes, including files that are not text`
    return exhausted
  }
  const take = Effect.fnUntraced(function* (path: string, identity: Result.Result<SafeFile.Identity, Unreadable>) {
    const size = Result.isSuccess(identity) ? Number(identity.success.size) : 0
    const reason = exhausted ?? (Result.isSuccess(identity) ? refusal(size) : undefined)
    if (reason !== undefined) return void skipped.push({ path, reason })
    const loaded = yield* Effect.fromResult(identity).pipe(
      Effect.flatMap((found) => cache.load(root, path, found, Math.min(single.bytes, budget))),
      Effect.result
    )
    bytes += size
    if (Result.isFailure(loaded)) return void skipped.push({ path, reason: reasonFor(path, loaded.failure) })
    budget -= loaded.success.size
    files.push({ path, text: loaded.success.text, why: why(path) })
  })
  for (const some of Arr.chunksOf(paths.slice(0, limits.candidates), atOnce)) {
    if ((yield* monotonicMillis) >= deadline) exhausted ??= `not read: it takes more than ${limits.millis} milliseconds`
    if (exhausted === undefined) {
      const identities = yield* Effect.forEach(some, identify, { concurrency: atOnce })
      yield* Effect.forEach(Arr.zip(some, identities), ([path, identity]) => take(path, identity), { discard: true })
    } else {
      for (const path of some) skipped.push({ path, reason: exhausted })
    }
  }
  for (const path of paths.slice(limits.candidates))
    skipped.push({ path, reason: `more than ${limits.candidates} files are included` })
  return { files: files.sort(byPath), skipped } satisfies FileSet
})
