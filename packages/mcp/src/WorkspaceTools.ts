import * as Schema from "effect/Schema"
import type { ToolDefinition } from "@parley/domain/Tool"
import { qualifiedName, reservedServerName } from "./ToolNames.ts"

const path = (what: string) => ({ type: "string", description: `${what}, relative to the workspace` })

/** A tool as `tools/list` has it. */
export interface ListedTool {
  readonly name: string
  readonly description: string
  readonly inputSchema: { readonly type: "object"; readonly [key: string]: Schema.Json }
  readonly annotations: { readonly readOnlyHint: boolean; readonly openWorldHint: boolean }
}

/** The tools of the built-in server, as it lists them itself. They read; none of them writes. */
export const workspaceTools: ReadonlyArray<ListedTool> = [
  {
    name: "list_files",
    description:
      "Lists the files and directories in a directory of the workspace, one path per line; directories end in a slash. " +
      "With recursive, everything below it too, except what is in directories named .git and node_modules.",
    inputSchema: {
      type: "object",
      properties: {
        path: path("The directory to list; the workspace itself when absent"),
        recursive: { type: "boolean", description: "Whether to list everything below it too; false when absent" }
      },
      additionalProperties: false
    },
    annotations: { readOnlyHint: true, openWorldHint: false }
  },
  {
    name: "read_file",
    description: "Reads a text file of the workspace, or some of its lines.",
    inputSchema: {
      type: "object",
      properties: {
        path: path("The file to read"),
        offset: { type: "integer", minimum: 1, description: "The first line to read, counted from 1" },
        limit: { type: "integer", minimum: 1, description: "How many lines to read, at most 2000" }
      },
      required: ["path"],
      additionalProperties: false
    },
    annotations: { readOnlyHint: true, openWorldHint: false }
  },
  {
    name: "search_files",
    description:
      "Finds the lines of text files in the workspace that contain a text exactly as it is written (no patterns, upper " +
      "and lower case differ). Directories named .git and node_modules are not searched.",
    inputSchema: {
      type: "object",
      properties: {
        query: { type: "string", minLength: 1, description: "The text to find, within one line" },
        path: path("The directory to search; the whole workspace when absent")
      },
      required: ["query"],
      additionalProperties: false
    },
    annotations: { readOnlyHint: true, openWorldHint: false }
  }
]

/** A call as the server understands it. */
export const WorkspaceCall = Schema.Union([
  Schema.Struct({
    name: Schema.Literal("list_files"),
    arguments: Schema.Struct({
      path: Schema.optionalKey(Schema.String),
      recursive: Schema.optionalKey(Schema.Boolean)
    })
  }),
  Schema.Struct({
    name: Schema.Literal("read_file"),
    arguments: Schema.Struct({
      path: Schema.String,
      offset: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0))),
      limit: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0)))
    })
  }),
  Schema.Struct({
    name: Schema.Literal("search_files"),
    arguments: Schema.Struct({ query: Schema.NonEmptyString, path: Schema.optionalKey(Schema.String) })
  })
])
export type WorkspaceCall = typeof WorkspaceCall.Type

/** What the built-in server offers, known without starting it: so it costs nothing until one of its tools is used. */
export const workspaceDefinitions: ReadonlyArray<ToolDefinition> = workspaceTools.map((tool) => ({
  name: qualifiedName(reservedServerName, tool.name),
  server: reservedServerName,
  tool: tool.name,
  description: tool.description,
  inputSchema: tool.inputSchema,
  safeToRepeat: "read-only"
}))
