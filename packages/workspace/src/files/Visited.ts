import type { Visits } from "@parley/domain/FilesManager"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { isInstructions } from "./InstructionFiles.ts"
import { normalise } from "./WorkspacePaths.ts"

/** The latest visits count: a session may have very many. */
const most = 1000

const readFile = "workspace__read_file"
const decodeInput = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Struct({ path: Schema.String })))

const isInWorkspace = (path: string): boolean =>
  !/^(?:[/\\]|~|[A-Za-z]:)/.test(path) && !path.includes("\0") && !path.split("/").includes("..")

/**
 * The paths in the workspace whose directories the session has to do with: those that the message mentions, those that the
 * model has read with the built-in tool, and those of instructions that were shown before, so that they stay shown. A path
 * that ends with `/` is a directory.
 */
export const paths = (visits: Visits | undefined): ReadonlyArray<string> => {
  if (visits === undefined) return []
  const read = visits.calls.flatMap(({ input, name }) => {
    if (name !== readFile) return []
    return Option.match(decodeInput(input), { onNone: () => [], onSome: ({ path }) => [path] })
  })
  return [...visits.shown.filter(isInstructions), ...read.slice(-most), ...visits.mentioned]
    .filter(isInWorkspace)
    .map((path) => `${normalise(path.replace(/#L\d+(?:-\d+)?$/, ""))}${path.endsWith("/") ? "/" : ""}`)
}
