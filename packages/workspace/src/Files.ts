import type { ConfigError } from "@parley/domain/Errors"
import { byPath, FilesManager, type FileSet, type WorkspaceFile } from "@parley/domain/FilesManager"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Disk from "./internal/Disk.ts"
import * as Host from "./internal/Host.ts"
import * as Paths from "./internal/Paths.ts"
import * as Text from "./internal/Text.ts"
import { isMissing, Unreadable } from "./internal/Unreadable.ts"
import * as Walk from "./internal/Walk.ts"
import * as JsonFile from "./JsonFile.ts"
import { project } from "./Locations.ts"

/** What patterns may cost, all together: entries of directories that are looked at, and files that are read. */
const maxVisited = 20_000
const maxFiles = 1000
/** Files that are read at the same time, and so are in memory beside those that are kept. */
const atOnce = 16

const ceiling = 4 * 1024 * 1024
const bytes = (byDefault: number) =>
  Schema.Int.check(
    Schema.isBetween({ minimum: 1, maximum: ceiling }, { expected: `a number of bytes, 1 to ${ceiling}` })
  ).pipe(Schema.withDecodingDefaultKey(Effect.succeed(byDefault)))

/** `.parley/context.json`. */
export const ProjectFile = Schema.Struct({
  /** Paths in the workspace, with `/`. One that names no file and has `*`, `?`, `[` or `{` is a pattern of `effect/Glob`. */
  include: Schema.Array(Schema.String)
    .check(Schema.isMaxLength(256, { expected: "256 entries at most" }))
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed([]))),
  maxFileBytes: bytes(256 * 1024),
  maxTotalBytes: bytes(1024 * 1024)
})
type Settings = typeof ProjectFile.Type

type Skipped = FileSet["skipped"][number]

interface Wanted {
  readonly paths: Set<string>
  readonly skipped: Array<Skipped>
}

const exists = (path: string): Effect.Effect<boolean> => Effect.isSuccess(Disk.kind(path))

/** Which files the entries of `include` stand for. */
const select = Effect.fnUntraced(function* (root: string, include: ReadonlyArray<string>) {
  const wanted: Wanted = { paths: new Set(), skipped: [] }
  let visited = 0
  for (const entry of include) {
    const skip = (reason: string) => wanted.skipped.push({ path: entry, reason })
    const path = Paths.normalise(entry)
    const refusal = Paths.refusal(entry, Host.platform)
    if (refusal !== undefined) {
      skip(refusal)
    } else if (!Walk.isPattern(path) || (yield* exists(Disk.join(root, path)))) {
      wanted.paths.add(path)
    } else {
      const tooMany = Walk.patternRefusal(path)
      if (tooMany !== undefined) {
        skip(tooMany)
        continue
      }
      const found = yield* Walk.find(root, path, maxVisited - visited)
      visited += found.visited
      wanted.skipped.push(...found.skipped)
      if (found.cut) skip("not all of the workspace was searched: it is too large or too deep")
      if (found.paths.length === 0 && found.skipped.length === 0 && !found.cut) skip("matches no file")
      for (const match of found.paths) wanted.paths.add(match)
    }
  }
  return wanted
})

const reasonFor = (path: string, error: Unreadable): string => {
  if (error.code === "EISDIR") return `is a directory; its files are \`${path}/**\``
  // The system's names are bytes; those that are not UTF-8 have no name here that leads back to them.
  if (isMissing(error) && path.includes("\uFFFD")) return "its name is not valid UTF-8"
  return error.problem
}

const open = Effect.fnUntraced(function* (root: string, path: string, limit: number) {
  const { bytes } = yield* Disk.read(Disk.join(root, path), { limit, within: root })
  const problem = (problem: string) => new Unreadable({ code: "NOT_TEXT", problem })
  const text = yield* Effect.fromResult(Result.mapError(Text.decode(bytes), problem))
  return { text, size: bytes.length }
})

const readAll = Effect.fnUntraced(function* (root: string, wanted: Wanted, settings: Settings) {
  const files: Array<WorkspaceFile> = []
  const skipped = [...wanted.skipped]
  const paths = [...wanted.paths].map((path) => ({ path })).sort(byPath)
  let left = settings.maxTotalBytes
  const load = ({ path }: { readonly path: string }) => Effect.result(open(root, path, settings.maxFileBytes))
  for (const some of Arr.chunksOf(paths.slice(0, maxFiles), atOnce)) {
    const loaded = yield* Effect.forEach(some, load, { concurrency: atOnce })
    for (const [{ path }, file] of Arr.zip(some, loaded)) {
      if (Result.isFailure(file)) {
        skipped.push({ path, reason: reasonFor(path, file.failure) })
      } else if (file.success.size > left) {
        skipped.push({ path, reason: `the files together are larger than ${settings.maxTotalBytes} bytes` })
      } else {
        left -= file.success.size
        files.push({ path, text: file.success.text })
      }
    }
  }
  for (const { path } of paths.slice(maxFiles)) skipped.push({ path, reason: `more than ${maxFiles} files` })
  return { files, skipped: skipped.sort(byPath) }
})

/**
 * The files that `.parley/context.json` includes, as they are now; none if there is no such file. Only regular text files
 * that really lie in the workspace are read, each as it was at one moment. Everything else that was asked for is in
 * `skipped`, with its reason: a missing or unreadable file, or workspace, never fails the round. An invalid
 * `context.json` does.
 */
export const read = Effect.fn("Files.read")(function* (root: string): Effect.fn.Return<FileSet, ConfigError> {
  const found = yield* Effect.result(Disk.realpath(root))
  if (Result.isFailure(found)) {
    return { files: [], skipped: [{ path: root, reason: `the workspace: ${found.failure.problem}` }] }
  }
  const { contextFile } = project(found.success)
  const document = yield* JsonFile.read({ path: contextFile, within: found.success }, ProjectFile)
  if (Option.isNone(document)) return { files: [], skipped: [] }
  const wanted = yield* select(found.success, document.value.value.include)
  return yield* readAll(found.success, wanted, document.value.value)
})

/** Reads the workspace anew each time the files are asked for. */
export const layer = (options: { readonly root: string }): Layer.Layer<never> =>
  Layer.succeed(FilesManager, { read: read(options.root) })
