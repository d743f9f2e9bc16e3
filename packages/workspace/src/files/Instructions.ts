import type { WorkspaceFile } from "@parley/domain/FilesManager"
import { Buffer } from "node:buffer"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { FileLimits } from "./FileLimits.ts"
import * as ReadBarrier from "@parley/os/ReadBarrier"
import * as SafeFile from "../disk/SafeFile.ts"
import type { FileCache } from "./FileCache.ts"
import * as Owned from "../disk/Owned.ts"
import { reasonFor } from "./ReadFiles.ts"
import { Unreadable } from "../disk/Unreadable.ts"
import * as Imports from "./Imports.ts"
import { directoriesOf, holdsFor, inDirectory, isThere, mayImport, ruleFiles } from "./InstructionFiles.ts"
import * as FileContent from "../disk/FileContent.ts"
import type { RepositoryAbove } from "./RepositoryAbove.ts"
import { monotonicMillis, type Skipped } from "./Walk.ts"

/** The size limits of instructions in bytes, for one file and for all. Included files do not count. */
const single = 32 * 1024
const total = 128 * 1024
/** In bytes. Of a larger file, only the beginning is read. */
const readable = 1024 * 1024

/** The first lines of a text that fit into `limit` bytes, followed by a note about how many bytes are missing. */
const cutTo = (text: string, limit: number, size: number): string => {
  const bytes = Buffer.from(text)
  const head = bytes.subarray(0, limit)
  const lineEnd = head.lastIndexOf(10)
  // Cut within a line only if the first line is too long, and never within a character.
  const kept = lineEnd < 0 ? new TextDecoder().decode(head, { stream: true }) : head.toString("utf8", 0, lineEnd + 1)
  const left = size - Buffer.byteLength(kept)
  return `${kept}${kept.endsWith("\n") ? "" : "\n"}[Parley cut this file here: ${left} more bytes of it are not shown]\n`
}

/** The beginning of a file that is too large to be read completely. Its last line may be incomplete. */
const beginning = Effect.fnUntraced(function* (root: string, path: string) {
  const { bytes } = yield* SafeFile.read(SafeFile.join(root, path), { limit: 0, first: 2 * single, within: root })
  // A character of UTF-8 or UTF-16 may be cut in two.
  const whole = bytes.subarray(0, bytes.lastIndexOf(10) + 1)
  const text = FileContent.decode(whole.length === 0 || bytes[1] === 0 || bytes[0] === 0xff ? bytes : whole)
  return yield* Effect.fromResult(Result.mapError(text, (problem) => new Unreadable({ code: "NOT_TEXT", problem })))
})

/** How many directories are searched concurrently. */
const atOnce = 16

/** A possible file with instructions: its path in a directory that must contain its real path, and the name to show. */
interface Place {
  readonly root: string
  readonly path: string
  readonly shownAs: string
  readonly why: string
  /** Set for the user's own instructions. Those of a project are from outside. */
  readonly provenance?: "user"
  /** How paths in `root` are shown, if not as they are. */
  readonly named?: ((path: string) => string) | undefined
}

export interface ReadOptions {
  readonly cache: FileCache
  readonly limits: Pick<FileLimits, "depth" | "millis">
  /** A time of the monotonic clock, in milliseconds. */
  readonly deadline: number
  /** The user's own instructions. */
  readonly userFile: string | undefined
  /** The project, if its instructions are to be read. */
  readonly project:
    | {
        readonly root: string
        /** The included files, whose directories are searched. */
        readonly files: ReadonlyArray<{ readonly path: string }>
        /** Other paths whose directories are searched. Those that end with `/` are directories. */
        readonly visited: ReadonlyArray<string>
        /** Names of files that count in directories without the usual ones. */
        readonly names: ReadonlyArray<string>
        readonly excluded: (path: string) => boolean
        /** The directories above the workspace whose instructions count as well. */
        readonly above?: RepositoryAbove | undefined
      }
    | undefined
}

export interface Instructions {
  /** From general to specific: the user's own, the workspace's, then those of directories. */
  readonly files: ReadonlyArray<WorkspaceFile>
  readonly skipped: ReadonlyArray<Skipped>
  /** Files that are left out without a notice because they repeat another one, each with the reason. */
  readonly repeated: ReadonlyMap<string, string>
}

const whyOf = (path: string, directory: string): string =>
  path.startsWith(".claude/rules/")
    ? "a rule of the workspace"
    : directory === ""
      ? "instructions for the workspace"
      : `instructions for what is in ${directory}/`

const above = "instructions of the repository, above the workspace"

/** The user's own instructions, by their real path: the file may be a link, such as to a directory of dotfiles. */
const usersPlace = (file: string): Effect.Effect<Place> =>
  Effect.match(SafeFile.realpath(file), {
    onSuccess: (real) => ({ root: SafeFile.dirname(real), path: SafeFile.basename(real) }),
    onFailure: () => ({ root: SafeFile.dirname(file), path: SafeFile.basename(file) })
  }).pipe(
    Effect.map((place) => ({
      ...place,
      shownAs: file,
      why: "your own instructions, for every workspace",
      provenance: "user"
    }))
  )

/**
 * Reads AGENTS.md, CLAUDE.md and the like: the user's own, those of the workspace, and those of the directories of the given
 * files. They are read like any file of the workspace. A directory without instructions costs four `lstat` calls.
 */
export const readInstructions = Effect.fnUntraced(function* (options: ReadOptions) {
  const { cache, deadline, limits, project, userFile } = options
  const files: Array<WorkspaceFile> = []
  const skipped: Array<Skipped> = []
  const repeated = new Map<string, string>()
  let budget = total

  const load = Effect.fnUntraced(function* (root: string, path: string) {
    const identity = yield* SafeFile.identify(SafeFile.join(root, path), root)
    return (yield* cache.load(root, path, identity, readable)).text
  })
  const imports = (place: Place, text: string) => {
    const isUser = place.provenance === "user"
    const named = place.named ?? ((path: string) => (isUser ? SafeFile.join(place.root, path) : path))
    if (!isUser && !mayImport(place.path)) return Effect.succeed({ text, problems: [], isRepeated: false })
    const loadImport = Effect.fnUntraced(function* (path: string) {
      if (!isUser && project?.excluded(named(path)) === true)
        return yield* new Unreadable({ code: "EXCLUDED", problem: "is excluded in .parley/context.json" })
      return yield* isUser ? ReadBarrier.imports(load(place.root, path)) : load(place.root, path)
    })
    return Imports.expand(place.path, text, {
      load: loadImport,
      isShown: (path) => !isUser && files.some((file) => file.path === named(path)),
      named
    })
  }

  const take = Effect.fnUntraced(function* ({ path, root, shownAs, why, ...by }: Place, sibling?: WorkspaceFile) {
    const skip = (reason: string) => void skipped.push({ path: shownAs, reason })
    const identity = yield* Effect.result(SafeFile.identify(SafeFile.join(root, path), root))
    if (Result.isFailure(identity)) return skip(reasonFor(shownAs, identity.failure))
    const size = Number(identity.success.size)
    // A file that the project includes is shown completely, as a file.
    if (size > single && project?.files.some((file) => file.path === shownAs) === true)
      return skip(`is larger than the ${single} bytes that instructions may have (it has ${size})`)
    const together = `the instructions together are larger than ${total} bytes`
    if (budget <= 0) return skip(together)
    const loaded = yield* Effect.result(size > readable ? beginning(root, path) : load(root, path))
    if (Result.isFailure(loaded)) return skip(reasonFor(shownAs, loaded.failure))
    const limit = Math.min(single, budget)
    const { success: own } = loaded
    if (sibling?.text === own) return void repeated.set(shownAs, `is identical to ${sibling.path}`)
    if (
      shownAs.startsWith(".claude/rules/") &&
      !holdsFor(own, [...(project?.files.map(({ path }) => path) ?? []), ...(project?.visited ?? [])])
    )
      return void repeated.set(shownAs, "is a rule for other paths than those in the context")
    const imported = yield* imports({ path, root, shownAs, why, ...by }, own)
    if (imported.isRepeated) return void repeated.set(shownAs, "only imports what is shown")
    for (const problem of imported.problems) skip(problem)
    const all = imported.text
    // Of a file that is not read completely, its size on the disk is the best that is known.
    const bytes = size > readable ? Math.max(size, Buffer.byteLength(all)) : Buffer.byteLength(all)
    const text = bytes <= limit ? all : cutTo(all, limit, bytes)
    if (bytes > limit)
      skip(
        limit < single
          ? `is cut: ${together}`
          : `is cut: instructions may have ${single} bytes, and it has ${bytes}; the end is not shown`
      )
    budget -= Math.min(bytes, limit)
    const file: WorkspaceFile = { path: shownAs, text, kind: "instructions", why, ...by }
    files.push(file)
    return file
  })

  if (userFile !== undefined && (yield* isThere(userFile))) {
    const owned = yield* Effect.result(Owned.file(userFile))
    if (Result.isFailure(owned)) skipped.push({ path: userFile, reason: owned.failure.problem })
    else yield* ReadBarrier.instructions(take(yield* usersPlace(userFile)))
  }
  if (project === undefined) return { files, skipped, repeated } satisfies Instructions
  const { excluded, names, root } = project
  let late = false
  const look = Effect.fnUntraced(function* (directory: string) {
    late ||= directory !== "" && (yield* monotonicMillis) >= deadline
    return late ? undefined : yield* inDirectory(root, directory, names, excluded)
  })
  const { directories: outer = [], named = (path: string) => path, root: top = root } = project.above ?? {}
  for (const directory of outer) {
    let sibling: WorkspaceFile | undefined
    const { paths } = yield* inDirectory(top, directory, names, () => false)
    for (const path of paths)
      sibling = (yield* take({ root: top, path, shownAs: named(path), why: above, named }, sibling)) ?? sibling
  }
  const directories = directoriesOf([...project.files.map(({ path }) => path), ...project.visited], limits.depth)
  const found = yield* Effect.forEach(directories, look, { concurrency: atOnce })
  const rules = (yield* ruleFiles(root)).filter((path) => !excluded(path))
  for (const [i, directory] of directories.entries()) {
    let sibling: WorkspaceFile | undefined
    const { paths = [], replaced } = found[i] ?? {}
    if (replaced !== undefined) repeated.set(replaced, "is replaced by the AGENTS.override.md beside it")
    for (const path of directory === "" ? [...paths, ...rules] : paths)
      sibling = (yield* take({ root, path, shownAs: path, why: whyOf(path, directory) }, sibling)) ?? sibling
  }
  if (late) {
    const reason = `not all directories were searched: it takes more than ${limits.millis} milliseconds`
    skipped.push({ path: "**/AGENTS.md", reason })
  }
  return { files, skipped, repeated } satisfies Instructions
})
