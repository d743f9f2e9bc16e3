import { plainLine } from "@parley/domain/VisibleText"
import type { Walk } from "./FileWalk.ts"

/** The response of a workspace tool: the requested text, and a note about it. */
export interface FileAnswer {
  readonly text: string
  readonly note: string
}

/** The first of some names, and how many more there are. */
export const few = (names: ReadonlyArray<string>): string =>
  names.length > 5 ? `${names.slice(0, 5).join(", ")} and ${names.length - 5} more` : names.join(", ")

/** The notes that apply, as one text. */
export const notes = (...parts: ReadonlyArray<string | false>): string =>
  parts.filter((part) => part !== false && part !== "").join(" ")

/** A path on one line. A name may hold any character; a line break in it must not look like another entry. */
export const nameOf = (path: string): string => plainLine(path, 1000)

const directories = (paths: ReadonlyArray<string>): string => few(paths.map((path) => `${nameOf(path)}/`))

/** What a walk left out, and why. */
export const aboutWalk = ({ ignored, ignoredFiles, ignoreFilesUnreadable, skipped, unreadable }: Walk): string =>
  notes(
    ignored.length + ignoredFiles > 0 &&
      `Left out, because ignore files say so: ${[
        ...(ignored.length > 0 ? [directories(ignored)] : []),
        ...(ignoredFiles > 0 ? [`${ignoredFiles} file${ignoredFiles === 1 ? "" : "s"}`] : [])
      ].join(" and ")} (\`ignored\` includes them).`,
    ignoreFilesUnreadable.length > 0 && `Ignore files that cannot be read: ${few(ignoreFilesUnreadable.map(nameOf))}.`,
    skipped.length > 0 && `Not entered: ${directories(skipped)}.`,
    unreadable.length > 0 && `Cannot be read: ${directories(unreadable)}.`
  )
