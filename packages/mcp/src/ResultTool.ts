import * as Schema from "effect/Schema"
import type { ToolDefinition } from "@parley/domain/Tool"
import { qualifiedName, reservedServerName } from "./ToolNames.ts"
import { type ListedTool, workspaceDefinitions, workspaceTools } from "./WorkspaceTools.ts"

const readResult: ListedTool = {
  name: "read_result",
  description:
    "Reads lines of a tool's result that was too large to be shown. A result that was cut says what the file is called " +
    "that holds the whole of it.",
  inputSchema: {
    type: "object",
    properties: {
      name: { type: "string", description: "The name of the file, as the result that was cut says it" },
      offset: { type: "integer", minimum: 1, description: "The first line to read, counted from 1" },
      limit: { type: "integer", minimum: 1, description: "How many lines to read, at most 2000" },
      position: {
        type: "integer",
        minimum: 0,
        description: "Instead of a line: the byte to read from, counted from 0, for a line that is too long"
      }
    },
    required: ["name"],
    additionalProperties: false
  },
  annotations: { readOnlyHint: true, openWorldHint: false }
}

/** What the model calls the tool that reads kept results. */
export const readResultName = qualifiedName(reservedServerName, readResult.name)

const count = Schema.Int.check(Schema.isGreaterThan(0)).pipe(Schema.optionalKey)
const position = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)).pipe(Schema.optionalKey)

export const ReadResult = Schema.Struct({
  name: Schema.Literal("read_result"),
  arguments: Schema.Struct({ name: Schema.String, offset: count, limit: count, position })
})

/** The tools of the built-in server; the one that reads kept results only where results are kept. */
export const builtInTools = (keepsResults: boolean): ReadonlyArray<ListedTool> =>
  keepsResults ? [...workspaceTools, readResult] : workspaceTools

/** The same as a model sees them, known without starting the server. */
export const builtInDefinitions = (keepsResults: boolean): ReadonlyArray<ToolDefinition> =>
  keepsResults
    ? [
        ...workspaceDefinitions,
        {
          name: readResultName,
          server: reservedServerName,
          tool: readResult.name,
          description: readResult.description,
          inputSchema: readResult.inputSchema,
          safeToRepeat: "read-only"
        }
      ]
    : workspaceDefinitions
