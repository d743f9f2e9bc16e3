import { applyPatch, structuredPatch } from "diff"
import type { WorkspaceFile } from "@parley/domain/FilesManager"
import { byteLength, digest } from "./Digest.ts"
import { fence, unfence } from "./Fence.ts"
import type { Section } from "./Section.ts"

const tag = "file-change"

/** Smaller files are always shown whole, in bytes: a diff of them saves little and is harder to read. */
const least = 1024

/** The share of a file's size that all diffs since it was shown whole may have together. Above it, the file is shown whole. */
const share = 1 / 2

/** How many lines may be added and removed. It bounds the time, which is proportional to it and to the number of lines. */
const maxEdits = 2000

/** Files that are larger are shown whole, in bytes. */
const most = 1024 * 1024

/**
 * What a request shows of a file's content before it changed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Earlier {
  readonly text: string
  /** How many bytes of diffs the request shows since the file was shown whole. */
  readonly diffs: number
}

/**
 * Applies a diff exactly, without tolerance for lines that do not match. `undefined` if it does not fit.
 *
 * @since 0.1.0
 * @category functions
 */
export const patched = (text: string, diff: string): string | undefined => {
  try {
    const result = applyPatch(text, diff, { fuzzFactor: 0, autoConvertLineEndings: false })
    return result === false ? undefined : result
  } catch {
    return undefined
  }
}

/** The hunks of a unified diff; `undefined` if there are too many changes, or a diff cannot express them. */
const diffOf = (before: string, after: string): string | undefined => {
  const found = structuredPatch("a", "b", before, after, undefined, undefined, { context: 3, maxEditLength: maxEdits })
  if (found === undefined || found.hunks.length === 0) return undefined
  const diff = found.hunks
    .map(({ lines, newLines, newStart, oldLines, oldStart }) => {
      const before = `${oldLines === 0 ? oldStart - 1 : oldStart},${oldLines}`
      const after = `${newLines === 0 ? newStart - 1 : newStart},${newLines}`
      return `@@ -${before} +${after} @@\n${lines.join("\n")}`
    })
    .join("\n")
  return patched(before, diff) === after ? diff : undefined
}

const lead = (path: string): string =>
  `The file ${JSON.stringify(path)} has changed since it was shown. This unified diff leads from what was shown last to its current content.\n`

/**
 * The section with a unified diff from what a request shows of a file to its current content: `undefined` unless that is
 * much smaller than the file, and leads to exactly this content.
 *
 * @since 0.1.0
 * @category functions
 */
export const change = (
  { kind, path, provenance = "outside", text }: WorkspaceFile,
  earlier: Earlier
): Section | undefined => {
  const size = byteLength(text)
  // Instructions are always shown whole: nothing of them should depend on a model's arithmetic.
  if (kind !== undefined || size < least || size > most || byteLength(earlier.text) > most) return undefined
  const diff = diffOf(earlier.text, text)
  if (diff === undefined || earlier.diffs + byteLength(diff) > size * share) return undefined
  return { source: `file:${path}`, text: lead(path) + fence(tag, { path }, diff), provenance }
}

/**
 * The diff of a section that `change` rendered; `undefined` for any other text.
 *
 * @since 0.1.0
 * @category functions
 */
export const diffIn = (path: string, section: string): string | undefined => {
  const start = lead(path)
  return section.startsWith(start) ? unfence(tag, { path }, section.slice(start.length)) : undefined
}

/**
 * The content of a file that the texts of a request show, whole or by diffs, in their order: `stable` is the system prompt,
 * `later` are the sections about the file in messages. `undefined` unless all of it is there, and its digest is `expected`.
 *
 * @since 0.1.0
 * @category functions
 */
export const shownContent = (
  path: string,
  stable: { readonly system: string; readonly digest: string | undefined },
  later: ReadonlyArray<string>,
  expected: string
): Earlier | undefined => {
  let shown: Earlier | undefined = inSystem(path, stable.system, stable.digest)
  for (const section of later) {
    const whole = unfence("file", { path }, section)
    const diff = whole === undefined ? diffIn(path, section) : undefined
    const text = whole ?? (shown === undefined || diff === undefined ? undefined : patched(shown.text, diff))
    const diffs = diff === undefined ? 0 : (shown?.diffs ?? 0) + byteLength(diff)
    shown = text === undefined ? undefined : { text, diffs }
  }
  return shown !== undefined && digest(shown.text) === expected ? shown : undefined
}

/** A file's text in a system prompt. Its mark begins as its digest does, so a text that only looks like it is not found. */
const inSystem = (path: string, system: string, hash: string | undefined): Earlier | undefined => {
  if (hash === undefined) return undefined
  const open = fence("file", { path }, "")
    .split("\n")[0]
    ?.replace(/^<file-[0-9a-f]{8}/, `<file-${hash.slice(0, 8)}`)
  const start = open === undefined ? -1 : system.indexOf(`${open}\n`)
  const close = `\n</file-${hash.slice(0, 8)}>`
  const end = system.indexOf(close, start)
  if (start < 0 || end < 0) return undefined
  const text = unfence("file", { path }, system.slice(start, end + close.length))
  return text !== undefined && digest(text) === hash ? { text, diffs: 0 } : undefined
}
