import * as Effect from "effect/Effect"
import type { IgnoreRules } from "@parley/domain/IgnoreRules"
import type { ToolInput } from "@parley/domain/McpManager"
import type { Withheld } from "@parley/domain/ReadFence"
import type { ToolDefinition } from "@parley/domain/Tool"
import * as ReadBarrier from "@parley/os/ReadBarrier"
import { messageOf, RequestFailure } from "../sdk/SdkFailure.ts"
import { noCatalog } from "../transport/CatalogRequests.ts"
import { noChanges } from "../transport/Changes.ts"
import type { Connection } from "../transport/Connection.ts"
import type { BuiltInTool, Readable } from "./BuiltInTool.ts"
import { resultTool } from "./ResultTool.ts"
import type { FileAnswer } from "./AnswerText.ts"
import { workspaceTools } from "./WorkspaceTools.ts"

/** The tools of the built-in server. `read_result` is included only if results are stored. */
const builtInTools = (keepsResults: boolean): ReadonlyArray<BuiltInTool> =>
  keepsResults ? [...workspaceTools, resultTool] : workspaceTools

/** The definitions of these tools for a model. */
export const builtInDefinitions = (keepsResults: boolean): ReadonlyArray<ToolDefinition> =>
  builtInTools(keepsResults).map(({ definition }) => definition())

const contentOf = ({ note, text }: FileAnswer): ReadonlyArray<string> => [
  ...(text === "" ? [] : [text]),
  ...(note === "" ? [] : [text === "" ? note : `[${note}]`])
]

const unusable = { isError: true, texts: ["There is no such tool, or its input is not valid."] }

const call = Effect.fnUntraced(
  function* (readable: Readable, tool: BuiltInTool | undefined, input: ToolInput) {
    if (tool === undefined) return unusable
    return { isError: false, texts: contentOf(yield* tool.run(readable, input)) }
  },
  Effect.catchTags({
    PathRefused: ({ problem }) => Effect.succeed({ isError: true, texts: [problem] }),
    SchemaError: () => Effect.succeed(unusable)
  }),
  Effect.map(({ isError, texts }) => ({ isError, content: texts.map((text) => ({ type: "text" as const, text })) })),
  // As from any MCP server, an internal error is the result of the call.
  Effect.catchDefect((defect) =>
    Effect.fail(
      new RequestFailure({
        connection: "Sound",
        reason: { _tag: "Answered", message: `Error -32603: ${messageOf(defect)}` }
      })
    )
  )
)

/** The connection to the built-in server, which is part of this process: its tools are called directly. */
export const connectWorkspace = (
  root: string,
  results?: string,
  withheld?: Withheld,
  ignore?: IgnoreRules
): Connection => {
  const readable: Readable = { root, results, ignore, barrier: ReadBarrier.make(withheld) }
  const tools = builtInTools(results !== undefined)
  return {
    hasTools: true,
    instructions: undefined,
    listTools: () =>
      Effect.sync(() => ({
        tools: tools.map(({ definition, name }) => {
          const { description, inputSchema } = definition()
          return { name, description, inputSchema }
        })
      })),
    callTool: ({ tool }, input) =>
      call(
        readable,
        tools.find(({ name }) => name === tool),
        input
      ),
    toolsChanged: noChanges,
    catalog: noCatalog,
    ping: Effect.void,
    closed: Effect.never
  }
}
