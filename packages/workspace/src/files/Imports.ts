import * as MentionText from "@parley/domain/MentionText"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Unreadable } from "../disk/Unreadable.ts"
import { isMissing } from "../disk/Unreadable.ts"
import { isFileLike } from "./Mentions.ts"
import * as WorkspacePaths from "./WorkspacePaths.ts"

/** A file imports others, which import others, and so on: so many times. */
const maxHops = 5
/** How many imports of one file of instructions are followed. */
const maxImports = 64

const written = MentionText.written()

/** The text without blocks and spans of code, in which an `@` imports nothing. */
const withoutCode = (text: string): string =>
  text
    .split(/^(?=[ \t]{0,3}(?:```|~~~))/m)
    .map((part, i) => (i % 2 === 0 ? part : ""))
    .join("\n")
    .replace(/(`+)[^`\n]+\1/g, "")

/** The paths that a text may import, in order, each with its possible ends, the longest first. */
const importsIn = (text: string): ReadonlyArray<ReadonlyArray<string>> =>
  [...withoutCode(text).matchAll(written)]
    .map(([, quoted, token = ""]) => (quoted === undefined ? MentionText.shortened(token) : [quoted]))
    .slice(0, maxImports)

export interface ImportOptions {
  /** Reads a file by its path relative to the root. */
  readonly load: (path: string) => Effect.Effect<string, Unreadable>
  /** Whether a file is shown already, so that it is not repeated. */
  readonly isShown: (path: string) => boolean
  /** How a path is named to the model and to people. */
  readonly named: (path: string) => string
}

export interface Expanded {
  /** The text, followed by what it imports. */
  readonly text: string
  /** Why imports are missing. */
  readonly problems: ReadonlyArray<string>
  /** Whether it has nothing but imports of files that are shown already. */
  readonly isRepeated: boolean
}

const directoryOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")))

/**
 * Appends the files that a text imports with `@path`, relative to the file that contains it, and what these import, five
 * times at most. Each file is appended once. A path that leads out of the root is not followed.
 */
export const expand = Effect.fnUntraced(function* (path: string, text: string, options: ImportOptions) {
  const { isShown, load, named } = options
  const seen = new Set([path])
  const problems: Array<string> = []
  const added: Array<string> = []

  /** The first of the possible paths that can be read. Undefined if the word is no import. */
  const find = Effect.fnUntraced(function* (from: string, tries: ReadonlyArray<string>) {
    const likely = tries.findLast(isFileLike)
    for (const given of tries) {
      const target = WorkspacePaths.followed(`${directoryOf(from)}/${given}`)
      if (target === undefined || /^[~/\\]/.test(given)) {
        if (given === likely) problems.push(`@${given} leads out of its directory and is not imported`)
        continue
      }
      if (target === "" || seen.has(target) || isShown(target)) return { target, text: undefined }
      const loaded = yield* Effect.result(load(target))
      if (Result.isSuccess(loaded)) return { target, text: loaded.success }
      if (given === likely || !(isMissing(loaded.failure) || loaded.failure.code === "EISDIR"))
        problems.push(`@${given} is not imported: it ${loaded.failure.problem}`)
    }
    return undefined
  })
  let level = [{ from: path, text }]
  for (let hop = 0; level.length > 0; hop++) {
    const next: Array<{ readonly from: string; readonly text: string }> = []
    for (const one of level)
      for (const tries of importsIn(one.text)) {
        if (hop >= maxHops || seen.size > maxImports) {
          if (tries.some(isFileLike))
            problems.push(`@${tries.at(-1)} is not imported: only ${maxHops} levels and ${maxImports} files are`)
          continue
        }
        const found = yield* find(one.from, tries)
        if (found?.text === undefined) continue
        seen.add(found.target)
        added.push(`[${named(found.target)}, imported by ${named(one.from)}:]\n${found.text}`)
        next.push({ from: found.target, text: found.text })
      }
    level = next
  }
  const rest = text.replaceAll(written, "")
  return {
    text: [text, ...added].join(added.length === 0 ? "" : "\n\n"),
    problems,
    isRepeated: added.length === 0 && problems.length === 0 && rest.trim() === "" && text.trim() !== ""
  } satisfies Expanded
})
