import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { reservedServerName } from "../ToolNames.ts"
import { WorkspaceCall, workspaceTools } from "../WorkspaceTools.ts"
import type { PathRefused } from "./Confinement.ts"
import { connectInMemory } from "./MemoryTransport.ts"
import { type ClientInfo, loadServer } from "./Sdk.ts"
import { type FileAnswer, listFiles, readFile, searchFiles } from "./WorkspaceFiles.ts"

const decodeCall = Schema.decodeUnknownEffect(WorkspaceCall)

const answerTo = (root: string, call: WorkspaceCall): Effect.Effect<FileAnswer, PathRefused> => {
  switch (call.name) {
    case "list_files":
      return listFiles(root, call.arguments.path ?? "", call.arguments.recursive ?? false)
    case "read_file":
      return readFile(root, call.arguments.path, call.arguments.offset, call.arguments.limit)
    case "search_files":
      return searchFiles(root, call.arguments.query, call.arguments.path ?? "")
  }
}

const contentOf = ({ note, text }: FileAnswer): ReadonlyArray<string> => [
  ...(text === "" ? [] : [text]),
  ...(note === "" ? [] : [text === "" ? note : `[${note}]`])
]

const handle = Effect.fnUntraced(
  function* (root: string, params: unknown) {
    const call = yield* decodeCall(params)
    return contentOf(yield* answerTo(root, call))
  },
  Effect.map((texts) => ({ isError: false, texts })),
  Effect.catchTags({
    PathRefused: ({ problem }) => Effect.succeed({ isError: true, texts: [problem] }),
    SchemaError: () => Effect.succeed({ isError: true, texts: ["There is no such tool, or its input is not valid."] })
  }),
  Effect.map(({ isError, texts }) => ({ isError, content: texts.map((text) => ({ type: "text" as const, text })) }))
)

/** Starts the built-in server inside this process and connects to it. Both end with the scope. */
export const connectWorkspace = Effect.fnUntraced(function* (root: string, clientInfo: ClientInfo) {
  const sdk = yield* loadServer
  const run = Effect.runPromiseWith(yield* Effect.context())
  const server = new sdk.Server(
    { name: reservedServerName, version: clientInfo.version },
    { capabilities: { tools: {} } }
  )
  server.setRequestHandler("tools/list", () => ({ tools: [...workspaceTools] }))
  // The signal is aborted when the client cancels the call; that interrupts the work.
  server.setRequestHandler("tools/call", ({ params }, context) =>
    run(handle(root, { name: params.name, arguments: params.arguments ?? {} }), { signal: context.mcpReq.signal })
  )
  return yield* connectInMemory(server, { clientInfo })
})
