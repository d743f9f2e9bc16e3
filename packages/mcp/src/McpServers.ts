import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Scope } from "effect/Scope"
import { McpManager } from "@parley/domain/McpManager"
import { type ResultFiles, sweep } from "./internal/ResultFiles.ts"
import { notesNow } from "./OfferListing.ts"
import { offering } from "./Offering.ts"
import { readResultName } from "./ResultTool.ts"
import { statusOf } from "./StateWords.ts"
import { renew } from "./Supervisor.ts"
import { callTool, refusedTool } from "./ToolCalls.ts"
import type { OfferedTool } from "./ToolList.ts"
import { reservedServerName, uniqueByName } from "./ToolNames.ts"
import { settled, type ToolServer } from "./ToolServer.ts"
import type { McpServersOptions } from "./McpServersOptions.ts"
import { builtIn, startAll } from "./StartServers.ts"

export type { McpServersOptions } from "./McpServersOptions.ts"

/** A tool as it was last listed, and whether its server is ready now. */
interface Known extends OfferedTool {
  readonly from: ToolServer
  readonly live: boolean
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
  /** All tools as they were last listed; those of servers that are not ready now are marked. */
  const known = Effect.map(Effect.forEach(configured, toolsOf), (all) =>
    uniqueByName<Known>([...own.map((tool) => ({ ...tool, live: true })), ...all.flat()])
  )

  return McpManager.of({
    tools: Effect.map(known, (all) =>
      all.flatMap(({ from, live, outputSchema: _promised, written: _written, ...definition }: Known) =>
        live ? [from.secrets.concealTool(definition)] : []
      )
    ),
    instructions: Effect.map(
      Effect.forEach(configured, (server) =>
        Effect.map(settled(server), ({ past: { instructions } }) =>
          instructions === undefined ? [] : [{ server: server.name, text: server.secrets.conceal(instructions) }]
        )
      ),
      (all) => all.flat().toSorted((left, right) => (left.server < right.server ? -1 : 1))
    ),
    ...offering(configured),
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
      // A built-in tool need not wait for servers that are still starting.
      const ours = own.find((tool) => tool.name === name)
      if (ours !== undefined && workspace !== undefined) yield* workspace.wake
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
 * The tools of MCP servers, and of the built-in workspace server. Building the layer waits for nothing: servers start in
 * the background, all at once, and `tools` waits until each has become ready or has failed to for the first time. A server
 * that fails costs its own tools, and `servers` says why; it is started again after a pause, unless it fails too often. Its
 * tools are listed anew whenever it starts and whenever it says that they have changed. Closing the scope ends all
 * connections at once and leaves no process behind, grandchildren included.
 */
export const layer = (options: McpServersOptions): Layer.Layer<McpManager> => Layer.effect(McpManager, make(options))
