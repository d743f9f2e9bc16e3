import * as Schema from "effect/Schema"
import { type BuiltInTool, builtInTool, count, flag } from "./BuiltInTool.ts"
import { searchFiles } from "./SearchFiles.ts"
import { listFiles, readFile } from "./WorkspaceFiles.ts"

const path = (what: string) => Schema.String.annotate({ description: `${what}, relative to the workspace` })

const ignored = flag("Also what ignore files such as .gitignore leave out, and node_modules; false when absent")
const hidden = flag("Whether names that begin with a dot are included; true when absent")
const glob = Schema.optionalKey(
  Schema.NonEmptyString.annotate({
    description:
      "Only files whose name matches, such as *.ts or *.{js,jsx}, or whose path matches, such as src/**/*.ts; with ! " +
      "before it, only those that do not match"
  })
)

const list = builtInTool({
  name: "list_files",
  description:
    "Lists the files and directories in a directory of the workspace, one path per line; directories end in a slash. " +
    "With recursive or glob, everything below it too, nearest first where there is too much. What ignore files such as " +
    ".gitignore leave out is not listed.",
  input: Schema.Struct({
    path: Schema.optionalKey(path("The directory to list; the workspace itself when absent")),
    recursive: flag("Whether to list everything below it too; false when absent, but true with glob"),
    glob,
    ignored,
    hidden,
    offset: count("The first entry to show, counted from 1")
  }),
  run: ({ barrier, ...place }, input) => barrier.project(listFiles(place, input))
})

const read = builtInTool({
  name: "read_file",
  description: "Reads a text file of the workspace, or some of its lines. A notebook is shown as its cells.",
  input: Schema.Struct({
    path: path("The file to read"),
    offset: count("The first line to read, counted from 1"),
    column: count("Where to begin in that line, counted from 1, for a line that is too long"),
    limit: count("How many lines to read, at most 2000"),
    raw: flag("Whether a notebook is shown as the JSON that it is; false when absent")
  }),
  run: ({ barrier, root }, { path, raw, ...part }) => barrier.project(readFile(root, path, part, raw))
})

const search = builtInTool({
  name: "search_files",
  description:
    "Finds the lines of text files in the workspace that contain a text exactly as it is written or, with regex, that " +
    "match a regular expression of JavaScript. The nearest files come first. Binary files, files that may hold secrets " +
    "and what ignore files such as .gitignore leave out are not searched.",
  input: Schema.Struct({
    query: Schema.NonEmptyString.annotate({ description: "The text or expression to find, within one line" }),
    path: Schema.optionalKey(path("The directory or file to search; the whole workspace when absent")),
    regex: flag("Whether the query is a regular expression; false when absent"),
    ignoreCase: flag("Whether upper and lower case are the same; false when absent"),
    glob,
    context: count("How many lines to show before and after each match, at most 10; 0 when absent", 0),
    filesOnly: flag("Only show which files match, and in how many lines; false when absent"),
    ignored,
    hidden,
    offset: count("The first match to show, counted from 1"),
    limit: count("How many matches to show, at most 1000; 200 when absent")
  }),
  run: ({ barrier, ...place }, input) => barrier.project(searchFiles(place, input))
})

/** The tools that read the workspace. */
export const workspaceTools: ReadonlyArray<BuiltInTool> = [list, read, search]
