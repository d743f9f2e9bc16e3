import * as fs from "node:fs"
import { Buffer } from "node:buffer"
import { type FileHandle, lstat, open, readdir, readlink, realpath, stat } from "node:fs/promises"
import { join, posix, relative, sep, win32 } from "node:path"
import process from "node:process"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Identity } from "@parley/domain/ReadFence"
import * as SecretFiles from "@parley/domain/SecretFiles"
import { plainLine } from "../PlainText.ts"
import { Barrier } from "./Barrier.ts"

/** Why a path cannot be used, in a plain sentence for the model. */
export class PathRefused extends Schema.TaggedError<PathRefused>()("PathRefused", {
  problem: Schema.String,
  /** It is Parley's own, or may hold secrets. */
  withheld: Schema.optionalKey(Schema.Literals(["own", "secret"]))
}) {
  override get message(): string {
    return this.problem
  }
}

/** A path that was inside the root, with all links followed, when it was looked at. */
export interface Confined {
  readonly kind: "file" | "directory"
  readonly real: string
  readonly size: number
  /** What people and models are shown: relative to the root, with `/`, empty for the root itself. */
  readonly shown: string
}

/** What was opened, and where it really is. */
interface Opened extends Pick<Confined, "real" | "shown"> {
  readonly handle: FileHandle
}

export interface OpenFile {
  readonly handle: FileHandle
  readonly size: number
}

const name = (path: string): string => (path === "" ? "workspace directory" : plainLine(path))

const refuse = (problem: string) => new PathRefused({ problem })

const refuseCause = (path: string) => (cause: unknown) => {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined
  if (code === "ENOENT" || code === "ENOTDIR") return refuse(`There is no ${name(path)}.`)
  if (code === "EACCES" || code === "EPERM") return refuse(`${name(path)} cannot be read: permission denied.`)
  if (code === "ELOOP") return refuse(`${name(path)} is a link that leads in a circle.`)
  return refuse(`${name(path)} cannot be read.`)
}

const attempt = <A>(path: string, run: () => Promise<A>): Effect.Effect<A, PathRefused> =>
  Effect.tryPromise({ try: run, catch: refuseCause(path) })

/** Inside means: the root itself, or below it. The separator keeps `/ws-evil` out of `/ws`. */
export const isInside = (root: string, path: string): boolean =>
  path === root || path.startsWith(root.endsWith(sep) ? root : root + sep)

const problemOfSpelling = (path: string): string | undefined => {
  if (path.includes("\u0000")) return "A path cannot hold a NUL character."
  if (!path.isWellFormed()) return "A path must be valid Unicode."
  if (path.startsWith("~")) return "Paths are relative to the workspace: ~ is not understood."
  if (posix.isAbsolute(path) || win32.isAbsolute(path) || /^[A-Za-z]:/.test(path) || /^file:/i.test(path)) {
    return "Paths are relative to the workspace: absolute paths are not allowed."
  }
  if (path.split(/[\\/]/).includes("..")) return "Paths cannot contain `..`."
  return undefined
}

const own = (path: string) =>
  new PathRefused({
    problem: `${name(path)} belongs to Parley itself, with its configuration, logins, sessions and logs: no tool reads it.`,
    withheld: "own"
  })

const secret = (problem: string) => new PathRefused({ problem, withheld: "secret" })

/** What is not read although it is in the root: by what it is, where it is, and what it is called. */
const admit = Effect.fnUntraced(function* (root: string, path: string, real: string, found: Identity) {
  const barrier = yield* Barrier
  const verdict = yield* barrier.judge(root, real, found)
  if (verdict === "own") return yield* own(path)
  if (verdict === "system") {
    return yield* refuse(`${name(path)} is a device, or made up by the system while it is read: it is not read.`)
  }
})

const problemOfName = ({ secrets }: Barrier, path: string, { real, shown }: Opened): string | undefined => {
  const said = secrets?.of(real)
  if (said?._tag !== "Secret" || secrets === undefined) return undefined
  if (!secrets.named) return `${name(path)} may hold secrets: ${said.why}.`
  // The user was shown the name in the call, so it must be the file's own.
  if (SecretFiles.sameName(path, shown)) return undefined
  return `${name(path)} leads to ${name(shown)}, which may hold secrets: ${said.why}. Read it under that name: the user is asked then.`
}

const byName = (left: { readonly name: string }, right: { readonly name: string }): number =>
  left.name < right.name ? -1 : left.name > right.name ? 1 : 0

const shownPath = (root: string, real: string): string => relative(root, real).split(sep).join("/")

/**
 * Follows all links of a path and makes sure that where they end is inside the root. `..`, absolute paths, `~` and NUL are
 * refused as they are written, before the disk is looked at.
 */
export const confine = Effect.fnUntraced(function* (root: string, path: string) {
  const problem = problemOfSpelling(path)
  if (problem !== undefined) return yield* refuse(problem)
  const realRoot = yield* attempt("", () => realpath(root))
  const real = yield* attempt(path, () => realpath(join(realRoot, path)))
  if (!isInside(realRoot, real)) return yield* refuse(`${name(path)} leads out of the workspace.`)
  // `real` holds no links any more, so this is the thing itself, and it is not opened: opening a FIFO would wait for ever.
  const status = yield* attempt(path, () => lstat(real, { bigint: true }))
  if (!status.isFile() && !status.isDirectory()) return yield* refuse(`${name(path)} is not a file or a directory.`)
  yield* admit(realRoot, path, real, status)
  return {
    kind: status.isFile() ? "file" : "directory",
    real,
    size: Number(status.size),
    shown: shownPath(realRoot, real)
  } satisfies Confined
})

// On macOS: refuse links in every part of the path, not only the last (`O_NOFOLLOW_ANY` of fcntl.h).
const noLinks = process.platform === "darwin" ? 0x20000000 : (fs.constants.O_NOFOLLOW ?? 0)
// Without O_NONBLOCK a FIFO that has just taken the file's place would block.
const flags = fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0) | noLinks

/**
 * Where what was opened really is. A path can come to mean something else between any two looks at it, so only the kernel
 * can say, and on Linux it does. Where it cannot be asked, the path is followed again, which narrows the gap.
 */
const whereIs = ({ fd }: FileHandle, looked: Confined): Promise<string> =>
  process.platform === "linux" ? readlink(`/proc/self/fd/${fd}`) : realpath(looked.real)

const openChecked = Effect.fnUntraced(function* (root: string, path: string, looked: Confined) {
  const handle = yield* Effect.acquireRelease(
    attempt(path, () => open(looked.real, flags)),
    (handle) => Effect.ignore(Effect.tryPromise(() => handle.close()))
  )
  const realRoot = yield* attempt("", () => realpath(root))
  const real = yield* attempt(path, () => whereIs(handle, looked))
  if (!isInside(realRoot, real)) return yield* refuse(`${name(path)} leads out of the workspace.`)
  const opened = yield* attempt(path, () => handle.stat({ bigint: true }))
  yield* admit(realRoot, path, real, opened)
  return { handle, opened, real, shown: shownPath(realRoot, real) }
})

/** A name can be anything: a file that begins as private keys do is one. */
const holdsKey = Effect.fnUntraced(function* (path: string, { handle, real }: Opened) {
  const { secrets } = yield* Barrier
  if (secrets === undefined || secrets.of(real) !== undefined) return false
  const { buffer, bytesRead } = yield* attempt(path, () =>
    handle.read(Buffer.alloc(SecretFiles.keyBytes), 0, SecretFiles.keyBytes, 0)
  )
  return SecretFiles.isPrivateKey(buffer.subarray(0, bytesRead))
})

/**
 * Opens a file for reading, for as long as the scope lasts. What was opened, and not only what the path meant before, is a
 * regular file inside the root: a link that is put in the way between looking and opening yields nothing.
 */
export const openConfined = Effect.fnUntraced(function* (root: string, path: string) {
  const looked = yield* confine(root, path)
  if (looked.kind === "directory") return yield* refuse(`${name(path)} is a directory.`)
  const found = yield* openChecked(root, path, looked)
  const { handle, opened } = found
  if (!opened.isFile()) return yield* refuse(`${name(path)} is not a file.`)
  const problem = problemOfName(yield* Barrier, path, found)
  if (problem !== undefined) return yield* secret(problem)
  if (yield* holdsKey(path, found)) {
    return yield* secret(
      `${name(path)} begins as a private key does: it is not read. The user can attach it to a message with an @.`
    )
  }
  return { handle, size: Number(opened.size) } satisfies OpenFile
})

/** Whether what is in a directory is Parley's own, or a link to that: it is then as if it were not there. */
export const leadsToOwn = Effect.fnUntraced(function* ({ real }: { readonly real: string }, entry: string) {
  const { isOwn } = yield* Barrier
  const found = yield* Effect.result(Effect.tryPromise(() => stat(join(real, entry), { bigint: true })))
  return Result.isSuccess(found) && (yield* isOwn(found.success))
})

/** What is directly in a directory, sorted by name. Holds to the root in the same way as `openConfined`. */
export const readConfined = Effect.fnUntraced(function* (root: string, path: string) {
  const looked = yield* confine(root, path)
  if (looked.kind !== "directory") return yield* refuse(`${name(path)} is a file, not a directory.`)
  // Windows does not open directories. Linux alone can list an open one, so there nothing can come in between.
  const open = process.platform === "win32" ? undefined : yield* openChecked(root, path, looked)
  const place = open !== undefined && process.platform === "linux" ? `/proc/self/fd/${open.handle.fd}` : looked.real
  const entries = yield* attempt(path, () => readdir(place, { withFileTypes: true }))
  return { ...looked, entries: entries.sort(byName) }
}, Effect.scoped)
