import { byPath, type FileSet, type WorkspaceFile } from "@parley/domain/FilesManager"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { FileLimits } from "../FileLimits.ts"
import * as Disk from "./Disk.ts"
import type { FileCache } from "./FileCache.ts"
import { inTotal, perFile, type Settings, tooLarge, tooMuch } from "./FileSettings.ts"
import { plain } from "./Plain.ts"
import type { Wanted } from "./Select.ts"
import { isMissing, type Unreadable } from "./Unreadable.ts"
import { monotonicMillis, type Skipped } from "./Walk.ts"

/** Files that are looked up at the same time. */
const atOnce = 16

export interface ReadOptions {
  readonly root: string
  readonly limits: FileLimits
  readonly cache: FileCache
  /** Of the monotonic clock, in milliseconds. */
  readonly deadline: number
}

export const reasonFor = (path: string, error: Unreadable): string => {
  if (error.code === "EISDIR") return `is a directory; its files are \`${path}/**\``
  // The system's names are bytes; those that are not UTF-8 have no name here that leads back to them.
  if (isMissing(error) && path.includes("\uFFFD")) return "its name is not valid UTF-8"
  return error.problem
}

const sorted = (paths: Iterable<string>): ReadonlyArray<string> =>
  [...paths].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))

/**
 * Reads what is wanted, within the budgets: files that are named come first, then those that patterns found, each by code
 * unit, and a file that does not fit makes room for a later one that does. So which files are taken depends on what they
 * are called and how large they are, and on nothing else, unless the time runs out.
 */
export const readFiles = Effect.fnUntraced(function* (wanted: Wanted, settings: Settings, options: ReadOptions) {
  const { cache, deadline, limits, root } = options
  const single = perFile(settings)
  const total = inTotal(settings)
  const files: Array<WorkspaceFile> = []
  const skipped: Array<Skipped> = []
  const paths = [...sorted(wanted.named), ...sorted(wanted.found.keys())]
  let room = total.bytes
  let bytes = 0
  let spent: string | undefined

  const why = (path: string): string => {
    const pattern = wanted.found.get(path)
    return pattern === undefined ? "named in .parley/context.json" : `matches ${plain(pattern)} in .parley/context.json`
  }
  const identify = (path: string) => Effect.result(Disk.identify(Disk.join(root, path), root))
  const refusal = (size: number): string | undefined => {
    if (size > single.bytes) return tooLarge(single, size)
    if (size > room) return tooMuch(total, size)
    if (files.length === limits.files) spent = `more than ${limits.files} files`
    else if (bytes + size > limits.bytes)
      spent = `not read: the files are more than ${limits.bytes} bytes, those that are no text included`
    return spent
  }
  const take = Effect.fnUntraced(function* (path: string, identity: Result.Result<Disk.Identity, Unreadable>) {
    const size = Result.isSuccess(identity) ? Number(identity.success.size) : 0
    const reason = spent ?? (Result.isSuccess(identity) ? refusal(size) : undefined)
    if (reason !== undefined) return void skipped.push({ path, reason })
    const loaded = yield* Effect.fromResult(identity).pipe(
      Effect.flatMap((found) => cache.load(root, path, found, Math.min(single.bytes, room))),
      Effect.result
    )
    bytes += size
    if (Result.isFailure(loaded)) return void skipped.push({ path, reason: reasonFor(path, loaded.failure) })
    room -= loaded.success.size
    files.push({ path, text: loaded.success.text, why: why(path) })
  })
  for (const some of Arr.chunksOf(paths.slice(0, limits.candidates), atOnce)) {
    if ((yield* monotonicMillis) >= deadline) spent ??= `not read: it takes more than ${limits.millis} milliseconds`
    if (spent === undefined) {
      const identities = yield* Effect.forEach(some, identify, { concurrency: atOnce })
      yield* Effect.forEach(Arr.zip(some, identities), ([path, identity]) => take(path, identity), { discard: true })
    } else {
      for (const path of some) skipped.push({ path, reason: spent })
    }
  }
  for (const path of paths.slice(limits.candidates))
    skipped.push({ path, reason: `more than ${limits.candidates} files are included` })
  return { files: files.sort(byPath), skipped } satisfies FileSet
})
