import type { WorkspaceFile } from "@parley/domain/FilesManager"
import { Buffer } from "node:buffer"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { FileLimits } from "../FileLimits.ts"
import * as Barrier from "./Barrier.ts"
import * as Disk from "./Disk.ts"
import type { FileCache } from "./FileCache.ts"
import * as Owned from "./Owned.ts"
import * as Pattern from "./Pattern.ts"
import { reasonFor } from "./ReadFiles.ts"
import { isMissing } from "./Unreadable.ts"
import { monotonicMillis, type Skipped } from "./Walk.ts"

/** Their own budget, in bytes: what a project includes leaves it as it is. */
const single = 32 * 1024
const total = 128 * 1024
/** A larger file is not read at all: it can hardly be meant for a model. */
const readable = 1024 * 1024

/** The lines of a text that fit into so many bytes, and a mark that says what is missing. */
const cutTo = (text: string, limit: number): string => {
  const bytes = Buffer.from(text)
  const head = bytes.subarray(0, limit)
  const lineEnd = head.lastIndexOf(10)
  // Within a line only where there is no other way, and never within a character.
  const kept = lineEnd < 0 ? new TextDecoder().decode(head, { stream: true }) : head.toString("utf8", 0, lineEnd + 1)
  const left = bytes.length - Buffer.byteLength(kept)
  return `${kept}${kept.endsWith("\n") ? "" : "\n"}[Parley cut this file here: ${left} more bytes of it are not shown]\n`
}

/** Directories that are looked into at the same time. */
const atOnce = 16

/** In one directory the first is shown, and the second if it says something else. */
const names = ["AGENTS.md", "CLAUDE.md"]

export const isInstructions = (path: string): boolean => names.includes(path.slice(path.lastIndexOf("/") + 1))

/** Instructions that may be there: a path in a directory that they must really be in, and what they are called. */
interface Place {
  readonly root: string
  readonly path: string
  readonly shownAs: string
  readonly why: string
  /** Of the user's own; those of a project are from outside. */
  readonly provenance?: "user"
}

export interface ReadOptions {
  readonly cache: FileCache
  readonly limits: Pick<FileLimits, "depth" | "millis">
  /** Of the monotonic clock, in milliseconds. */
  readonly deadline: number
  /** The user's own instructions. */
  readonly userFile: string | undefined
  /** The project, if its instructions are wanted. */
  readonly project:
    | {
        readonly root: string
        /** The files whose directories are looked into. */
        readonly files: ReadonlyArray<{ readonly path: string }>
        readonly excluded: (path: string) => boolean
      }
    | undefined
}

export interface Instructions {
  /** From the general to the particular. */
  readonly files: ReadonlyArray<WorkspaceFile>
  readonly skipped: ReadonlyArray<Skipped>
  /** What says nothing of its own, and so is left out without a word. */
  readonly repeated: ReadonlyMap<string, string>
}

/** The workspace itself, then the directories of files and those above them. Dependencies give no instructions. */
const directoriesOf = (files: ReadonlyArray<{ readonly path: string }>, depth: number): ReadonlyArray<string> => {
  const found = new Map([["", 0]])
  for (const { path } of files) {
    const segments = path.split("/").slice(0, -1)
    const foreign = segments.findIndex(Pattern.isForeign)
    const levels = Math.min(foreign < 0 ? segments.length : foreign, depth)
    for (let i = 1; i <= levels; i++) found.set(segments.slice(0, i).join("/"), i)
  }
  return [...found].sort(([a, i], [b, j]) => i - j || (a < b ? -1 : a > b ? 1 : 0)).map(([directory]) => directory)
}

const whyOf = (directory: string): string =>
  directory === "" ? "instructions for the workspace" : `instructions for what is in ${directory}/`

/** A link that leads nowhere is there as well, and is reported. */
const isThere = (path: string): Effect.Effect<boolean> =>
  Effect.match(Disk.kind(path), { onSuccess: () => true, onFailure: (error) => !isMissing(error) })

/** By its real path: a user's own files may be links, such as to where all their settings are kept. */
const usersPlace = (file: string): Effect.Effect<Place> =>
  Effect.match(Disk.realpath(file), {
    onSuccess: (real) => ({ root: Disk.dirname(real), path: Disk.basename(real) }),
    onFailure: () => ({ root: Disk.dirname(file), path: Disk.basename(file) })
  }).pipe(
    Effect.map((place) => ({
      ...place,
      shownAs: file,
      why: "your own instructions, for every workspace",
      provenance: "user"
    }))
  )

/**
 * AGENTS.md and CLAUDE.md: the user's own, those of the workspace, and those of the directories that the given files are in.
 * They are read like any file of the workspace, and where there are none this costs two looks for each directory.
 */
export const readInstructions = Effect.fnUntraced(function* (options: ReadOptions) {
  const { cache, deadline, limits, project, userFile } = options
  const files: Array<WorkspaceFile> = []
  const skipped: Array<Skipped> = []
  const repeated = new Map<string, string>()
  let room = total

  const take = Effect.fnUntraced(function* ({ path, root, shownAs, why, ...by }: Place, beside?: WorkspaceFile) {
    const skip = (reason: string) => void skipped.push({ path: shownAs, reason })
    const identity = yield* Effect.result(Disk.identify(Disk.join(root, path), root))
    if (Result.isFailure(identity)) return skip(reasonFor(shownAs, identity.failure))
    const size = Number(identity.success.size)
    const tooLarge = `is larger than the ${single} bytes that instructions may have (it has ${size})`
    if (size > readable) return skip(tooLarge)
    // What a project includes by name is shown whole, as a file.
    if (size > single && project?.files.some((file) => file.path === shownAs) === true) return skip(tooLarge)
    const together = `the instructions together are larger than ${total} bytes`
    if (room <= 0) return skip(together)
    const loaded = yield* Effect.result(cache.load(root, path, identity.success, readable))
    if (Result.isFailure(loaded)) return skip(reasonFor(shownAs, loaded.failure))
    const limit = Math.min(single, room)
    const { text: all } = loaded.success
    const bytes = Buffer.byteLength(all)
    const text = bytes <= limit ? all : cutTo(all, limit)
    if (beside?.text === text) return void repeated.set(shownAs, `says the same as ${beside.path}`)
    if (bytes > limit)
      skip(
        limit < single
          ? `is cut: ${together}`
          : `is cut: instructions may have ${single} bytes, and it has ${bytes}; the end is not shown`
      )
    room -= Math.min(bytes, limit)
    const file: WorkspaceFile = { path: shownAs, text, kind: "instructions", why, ...by }
    files.push(file)
    return file
  })

  if (userFile !== undefined && (yield* isThere(userFile))) {
    const owned = yield* Effect.result(Owned.file(userFile))
    if (Result.isFailure(owned)) skipped.push({ path: userFile, reason: owned.failure.problem })
    else yield* Barrier.instructions(take(yield* usersPlace(userFile)))
  }
  if (project === undefined) return { files, skipped, repeated } satisfies Instructions
  const { excluded, root } = project
  let late = false
  const look = Effect.fnUntraced(function* (directory: string) {
    late ||= directory !== "" && (yield* monotonicMillis) >= deadline
    const paths = names.map((name) => (directory === "" ? name : `${directory}/${name}`))
    return late ? [] : yield* Effect.filter(paths, (path) => isThere(Disk.join(root, path)))
  })
  const directories = directoriesOf(project.files, limits.depth)
  const found = yield* Effect.forEach(directories, look, { concurrency: atOnce })
  for (const [i, directory] of directories.entries()) {
    let beside: WorkspaceFile | undefined
    for (const path of (found[i] ?? []).filter((path) => !excluded(path)))
      beside = (yield* take({ root, path, shownAs: path, why: whyOf(directory) }, beside)) ?? beside
  }
  if (late) {
    const reason = `not all directories were looked into: it takes more than ${limits.millis} milliseconds`
    skipped.push({ path: "**/AGENTS.md", reason })
  }
  return { files, skipped, repeated } satisfies Instructions
})
