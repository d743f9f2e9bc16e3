import type { Accepts, Attachment } from "@parley/domain/FilesManager"
import { isPrintable } from "@parley/domain/VisibleText"
import * as Effect from "effect/Effect"
import { Buffer } from "node:buffer"
import * as SafeFile from "../disk/SafeFile.ts"
import { quote } from "../json/Json.ts"

import * as Media from "./Media.ts"
import type { Lines } from "./Mentions.ts"
import { byName } from "./Walk.ts"
import * as FileContent from "../disk/FileContent.ts"

/** Limits of one mention: the size of the text in bytes, and the number of names of a directory. */
const maxTextBytes = 256 * 1024
/** In bytes, for a file of which only some lines are mentioned. */
const maxSearchedBytes = 8 * 1024 * 1024
const maxNames = 1000
const maxEntries = 10_000

export interface Options {
  readonly root: string
  readonly accepts: Accepts
  /** How many bytes the remaining mentions of the message may have. */
  readonly room: number
}

/** The attachment of a mention, and its size in bytes. */
export interface Taken {
  readonly attachment: Attachment
  readonly size: number
}

const tooMuch = "the files that the message mentions are too large together"
const mentioned = "mentioned in the message"
const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`

/** All reads for mentions go through here: a mentioned file must be in the workspace too. */
const read = (root: string, path: string, limit: number, first?: number) =>
  SafeFile.read(SafeFile.join(root, path), { limit, first, within: root })

/** Splits a text into lines, each with its line end. Text after the last line end, if any, is a line too. */
const linesOf = (text: string): ReadonlyArray<string> => (text === "" ? [] : text.split(/(?<=\n)/))

const excerpt = Effect.fnUntraced(function* (path: string, text: string, { first, last }: Lines) {
  const all = linesOf(text)
  if (first < 1 || last < first)
    return yield* Effect.fail("lines are counted from 1, and the last line must not be before the first")
  if (first > all.length) return yield* Effect.fail(`it has no line ${first}: it has ${count(all.length, "line")}`)
  const end = Math.min(last, all.length)
  const range = first === end ? `L${first}` : `L${first}-${end}`
  // The path differs from the file's, so that a part of a file cannot be taken for the whole file.
  return {
    path: `${path}#${range}`,
    text: all.slice(first - 1, end).join(""),
    why: `${first === end ? `line ${first}` : `lines ${first} to ${end}`} of ${all.length}, ${mentioned}`
  }
})

const takeText = Effect.fnUntraced(function* (path: string, lines: Lines | undefined, size: number, options: Options) {
  const { room, root } = options
  const limit = lines === undefined ? maxTextBytes : maxSearchedBytes
  if (size > limit) {
    const advice = lines === undefined ? "; to attach some of its lines, append for example `#L1-200` to the path" : ""
    return yield* Effect.fail(`is larger than ${limit} bytes (it has ${size})${advice}`)
  }
  if (lines === undefined && size > room) return yield* Effect.fail(tooMuch)
  const { bytes } = yield* Effect.mapError(read(root, path, limit), ({ problem }) => problem)
  const text = yield* Effect.fromResult(FileContent.decode(bytes))
  const file = lines === undefined ? { path, text, why: mentioned } : yield* excerpt(path, text, lines)
  const length = Buffer.byteLength(file.text)
  if (length > maxTextBytes) return yield* Effect.fail(`these lines are larger than ${maxTextBytes} bytes`)
  if (length > room) return yield* Effect.fail(tooMuch)
  return { attachment: { _tag: "File", file }, size: length } satisfies Taken
})

const takeMedia = Effect.fnUntraced(function* (path: string, mediaType: string, size: number, options: Options) {
  const { accepts, room, root } = options
  const limit = Object.hasOwn(accepts, mediaType) ? accepts[mediaType] : undefined
  if (limit === undefined) return yield* Effect.fail(`the model does not accept ${mediaType}`)
  if (size > limit)
    return yield* Effect.fail(`it has ${size} bytes, but the model accepts at most ${limit} bytes of ${mediaType}`)
  if (size > room) return yield* Effect.fail(tooMuch)
  const { bytes } = yield* Effect.mapError(read(root, path, limit), ({ problem }) => problem)
  if (Media.typeOf(bytes) !== mediaType) return yield* Effect.fail("changed while it was being read")
  const data = Buffer.from(bytes).toString("base64")
  const block = mediaType.startsWith("image/")
    ? ({ _tag: "Image", mediaType, data } as const)
    : ({ _tag: "Document", mediaType, data, name: SafeFile.basename(path) } as const)
  return { attachment: { _tag: "Media", path, block }, size: bytes.length } satisfies Taken
})

/** A name on one line. Names may contain any character but NUL and slash; one with a line end must not look like two. */
const line = (name: string): string => (isPrintable(name) ? name : quote(name))

const takeDirectory = Effect.fnUntraced(function* (path: string, options: Options) {
  const { room, root } = options
  const listed = yield* Effect.mapError(
    SafeFile.list(SafeFile.join(root, path), root, maxEntries + 1, true),
    ({ problem }) => problem
  )
  if (listed.length > maxEntries) return yield* Effect.fail(`is a directory with more than ${maxEntries} entries`)
  const names = listed
    .map((entry) => ({ name: entry.name, directory: entry.isDirectory() }))
    .sort(byName)
    .map(({ directory, name }) => `${line(name)}${directory ? "/" : ""}`)
  const more = names.length - maxNames
  const text = [...names.slice(0, maxNames), ...(more > 0 ? [`… and ${more} more`] : [])].join("\n")
  const size = Buffer.byteLength(text)
  if (size > room) return yield* Effect.fail(tooMuch)
  const file = { path: path === "" ? "./" : `${path}/`, text, why: `what is in the directory, ${mentioned}` }
  return { attachment: { _tag: "File", file }, size } satisfies Taken
})

/**
 * Reads the attachment for a mentioned path in the workspace. Fails with the reason why it is not attached. Ignore files do
 * not apply, since the user named the path. Only files and directories whose real paths are in the workspace are opened.
 */
export const take = Effect.fnUntraced(function* (path: string, lines: Lines | undefined, options: Options) {
  const { root } = options
  const beginning = yield* Effect.result(read(root, path, 0, Media.signatureBytes))
  if (beginning._tag === "Failure") {
    const { code, problem } = beginning.failure
    if (code === "EISDIR" && lines === undefined) return yield* takeDirectory(path, options)
    return yield* Effect.fail(code === "ENOENT" || code === "ENOTDIR" ? "there is no such file" : problem)
  }
  const { bytes, identity } = beginning.success
  const size = Number(identity.size)
  const mediaType = Media.typeOf(bytes)
  if (mediaType === undefined) return yield* takeText(path, lines, size, options)
  if (lines !== undefined) return yield* Effect.fail(`${mediaType} has no lines`)
  return yield* takeMedia(path, mediaType, size, options)
})
