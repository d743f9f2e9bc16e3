import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Fence, Withheld } from "@parley/domain/ReadFence"
import * as SecretFiles from "@parley/domain/SecretFiles"
import { reservedServerName } from "../ToolNames.ts"
import { builtInTools, ReadResult } from "../ResultTool.ts"
import { WorkspaceCall } from "../WorkspaceTools.ts"
import { Barrier, fence } from "./Barrier.ts"
import type { PathRefused } from "./Confinement.ts"
import { connectInMemory } from "./MemoryTransport.ts"
import { type ClientInfo, loadServer } from "./Sdk.ts"
import { readResult } from "./ResultReading.ts"
import { type FileAnswer, listFiles, readFile, searchFiles } from "./WorkspaceFiles.ts"

const Call = Schema.Union([WorkspaceCall, ReadResult])
const decodeCall = Schema.decodeUnknownEffect(Call)

/** What the built-in tools may read. */
interface Readable {
  readonly root: string
  /** Where results are kept, if they are. */
  readonly results: string | undefined
  readonly fence: Fence
  readonly secrets: SecretFiles.Matcher
}

type WorkspaceTool = Exclude<typeof Call.Type, { readonly name: "read_result" }>

const inWorkspace = (root: string, call: WorkspaceTool): Effect.Effect<FileAnswer, PathRefused> => {
  switch (call.name) {
    case "list_files":
      return listFiles(root, call.arguments.path ?? "", call.arguments.recursive ?? false)
    case "read_file":
      return readFile(root, call.arguments.path, call.arguments.offset, call.arguments.limit)
    case "search_files":
      return searchFiles(root, call.arguments.query, call.arguments.path ?? "")
  }
}

/** A file that may hold secrets is read when a call names it: whoever decides about calls can see that from the call. */
const answerTo = ({ fence, results, root, secrets }: Readable, call: typeof Call.Type) =>
  call.name === "read_result"
    ? readResult(results, call.arguments)
    : Effect.provideServiceEffect(
        inWorkspace(root, call),
        Barrier,
        Effect.map(fence.begin, (look) => ({ ...look, secrets: { of: secrets, named: call.name === "read_file" } }))
      )

const contentOf = ({ note, text }: FileAnswer): ReadonlyArray<string> => [
  ...(text === "" ? [] : [text]),
  ...(note === "" ? [] : [text === "" ? note : `[${note}]`])
]

const handle = Effect.fnUntraced(
  function* (readable: Readable, params: unknown) {
    const call = yield* decodeCall(params)
    return contentOf(yield* answerTo(readable, call))
  },
  Effect.map((texts) => ({ isError: false, texts })),
  Effect.catchTags({
    PathRefused: ({ problem }) => Effect.succeed({ isError: true, texts: [problem] }),
    SchemaError: () => Effect.succeed({ isError: true, texts: ["There is no such tool, or its input is not valid."] })
  }),
  Effect.map(({ isError, texts }) => ({ isError, content: texts.map((text) => ({ type: "text" as const, text })) }))
)

/** Starts the built-in server inside this process and connects to it. Both end with the scope. */
export const connectWorkspace = Effect.fnUntraced(function* (
  root: string,
  clientInfo: ClientInfo,
  results?: string,
  withheld: Withheld = { directories: [] }
) {
  const readable = { root, results, fence: fence(withheld), secrets: withheld.secrets ?? SecretFiles.standard }
  const sdk = yield* loadServer
  const run = Effect.runPromiseWith(yield* Effect.context())
  const server = new sdk.Server(
    { name: reservedServerName, version: clientInfo.version },
    { capabilities: { tools: {} } }
  )
  server.setRequestHandler("tools/list", () => ({ tools: [...builtInTools(results !== undefined)] }))
  // The signal is aborted when the client cancels the call; that interrupts the work.
  server.setRequestHandler("tools/call", ({ params }, context) =>
    run(handle(readable, { name: params.name, arguments: params.arguments ?? {} }), { signal: context.mcpReq.signal })
  )
  return yield* connectInMemory(server, { clientInfo })
})
