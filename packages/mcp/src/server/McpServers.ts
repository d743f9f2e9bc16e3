import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Scope } from "effect/Scope"
import { McpManager } from "@parley/domain/McpManager"
import { type ResultFiles, sweep } from "../results/ResultFiles.ts"
import { notesNow, listed } from "./CatalogListing.ts"
import { readResultName } from "../builtin/ResultTool.ts"
import { statusOf } from "./ServerStatus.ts"
import { renew } from "./Supervisor.ts"
import { callTool, refusedTool } from "./ToolCalls.ts"
import type { OfferedTool } from "../tools/ToolList.ts"
import { reservedServerName, uniqueByName } from "../tools/ToolNames.ts"
import { settled, type ToolServer } from "./ToolServer.ts"
import type { McpServersOptions } from "./McpServersOptions.ts"
import { builtIn, startAll } from "./StartServers.ts"
import { complete, getPrompt, readResource, unknownServer } from "./CatalogCalls.ts"
import type { ServerCatalog } from "./Catalog.ts"

export type { McpServersOptions } from "./McpServersOptions.ts"

/** A tool from the last listing, and whether its server is ready now. */
interface Known extends OfferedTool {
  readonly from: ToolServer
  readonly live: boolean
}

/**
 * The catalog of several servers. The servers are in the order of their names and each list is sorted, so the result depends
 * neither on the order of the responses nor on the order of the configuration.
 */
const catalogsOf = (
  servers: ReadonlyArray<ToolServer>
): Pick<
  McpManager["Service"],
  "resources" | "resourceTemplates" | "prompts" | "readResource" | "getPrompt" | "complete"
> => {
  const sorted = servers.toSorted((left, right) => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0))
  const all = <K extends keyof ServerCatalog>(kind: K) =>
    Effect.map(
      Effect.forEach(sorted, (server) => listed(server, kind), { concurrency: "unbounded" }),
      (lists) => lists.flat()
    )
  const named = (name: string) =>
    Effect.suspend(() => {
      const found = servers.find((server) => server.name === name)
      return found === undefined ? Effect.fail(unknownServer(name)) : Effect.succeed(found)
    })
  return {
    resources: all("resources"),
    resourceTemplates: all("resourceTemplates"),
    prompts: all("prompts"),
    readResource: (name, uri) => Effect.flatMap(named(name), (server) => readResource(server, uri)),
    getPrompt: (name, prompt, args) => Effect.flatMap(named(name), (server) => getPrompt(server, prompt, args)),
    complete: (completing) => Effect.flatMap(named(completing.server), (server) => complete(server, completing))
  }
}

const make = Effect.fnUntraced(function* (
  options: McpServersOptions
): Effect.fn.Return<McpManager["Service"], never, Scope> {
  const root = options.workspaceRoot
  const results: ResultFiles | undefined =
    options.spillDirectory === undefined
      ? undefined
      : { directory: options.spillDirectory, readWith: root === undefined ? undefined : readResultName }
  if (results !== undefined) yield* Effect.forkScoped(sweep(results.directory))
  const workspace = root === undefined ? undefined : yield* builtIn(root, options, results)
  const configured = yield* startAll(options, results)

  const own = workspace === undefined ? [] : workspace.definitions.map((tool) => ({ ...tool, from: workspace.server }))
  const toolsOf = (server: ToolServer) =>
    Effect.map(settled(server), (state) =>
      state.past.tools.map((tool) => ({ ...tool, from: server, live: state._tag === "Ready" }))
    )
  /** All tools from the last listing of each server. `live` is false for tools of servers that are not ready now. */
  const known = Effect.map(Effect.forEach(configured, toolsOf), (all) =>
    uniqueByName<Known>([...own.map((tool) => ({ ...tool, live: true })), ...all.flat()])
  )

  return McpManager.of({
    tools: Effect.map(known, (all) =>
      all.flatMap(({ from, live, outputSchema: _promised, written: _written, ...definition }: Known) =>
        live ? [from.secrets.redactTool(definition)] : []
      )
    ),
    instructions: Effect.map(
      Effect.forEach(configured, (server) =>
        Effect.map(settled(server), ({ past: { instructions } }) =>
          instructions === undefined ? [] : [{ server: server.name, text: server.secrets.redact(instructions) }]
        )
      ),
      (all) => all.flat().toSorted((left, right) => (left.server < right.server ? -1 : 1))
    ),
    ...catalogsOf(configured),
    servers: Effect.map(
      Effect.forEach(configured, (server) =>
        Effect.flatMap(settled(server), (state) =>
          Effect.map(notesNow(server, state), (notes) => statusOf(server.name, state, notes))
        )
      ),
      (statuses) => [
        ...(workspace === undefined
          ? []
          : [{ name: reservedServerName, state: "ready" as const, tools: workspace.definitions.length }]),
        ...statuses
      ]
    ),
    call: Effect.fnUntraced(function* (name, input, context) {
      // A built-in tool does not wait for servers that are still starting.
      const ours = own.find((tool) => tool.name === name)
      const found = ours ?? (yield* known).find((tool) => tool.name === name)
      if (found === undefined) {
        const states = yield* Effect.forEach(configured, settled)
        return yield* refusedTool(
          name,
          states.flatMap(({ past }) => past.blocked)
        )
      }
      return yield* callTool(found.from, found, input, context)
    }),
    restart: (name) =>
      Effect.suspend(() => {
        const server = configured.find((server) => server.name === name && name !== reservedServerName)
        return server === undefined
          ? Effect.undefined
          : Effect.map(renew(server), (state) => statusOf(server.name, state))
      })
  })
})

/**
 * The tools of MCP servers, and of the built-in workspace server. Building the layer does not wait: servers start
 * concurrently in the background, and `tools` waits until each server has become ready or has failed for the first time. If
 * a server fails, only its own tools are missing, and `servers` reports the reason; it is restarted after a pause, unless it
 * fails too often. Its tools are listed again whenever it starts and whenever it reports that they have changed. Closing the
 * scope closes all connections concurrently and leaves no process behind, including grandchildren.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: McpServersOptions): Layer.Layer<McpManager> => Layer.effect(McpManager, make(options))
