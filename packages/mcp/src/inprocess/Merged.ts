import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { McpManager, type ServerStatus } from "@parley/domain/McpManager"
import { McpRequestError } from "@parley/domain/McpCatalog"
import { unknownTool } from "../server/ToolCalls.ts"
import { uniqueByName } from "../tools/ToolNames.ts"

type Manager = McpManager["Service"]

const taken = ({ name }: ServerStatus): ServerStatus => ({
  name,
  state: "failed",
  tools: 0,
  problem: `another server already has the name ${name}; give this server a different name`
})

const unknownServer = (server: string): McpRequestError =>
  new McpRequestError({ server, reason: "UnknownServer", problem: "There is no such server" })

const combine = (managers: ReadonlyArray<Manager>): Manager => {
  const together = { concurrency: "unbounded" } as const
  /** The owner of each server name, which is the first manager that has it, and the statuses of all servers. */
  const statuses = Effect.map(
    Effect.forEach(managers, ({ servers }) => servers, together),
    (all) => {
      const owners = new Map<string, number>()
      all.forEach((servers, index) => servers.forEach(({ name }) => owners.has(name) || owners.set(name, index)))
      return {
        owners,
        servers: all.flatMap((servers, index) =>
          servers.map((status) => (owners.get(status.name) === index ? status : taken(status)))
        )
      }
    }
  )
  /**
   * The manager of each tool that was listed so far. A removed tool stays here, because its manager knows why it is gone.
   */
  const runners = new Map<string, Manager>()
  const tools = Effect.gen(function* () {
    const { owners } = yield* statuses
    const offered = yield* Effect.forEach(managers, ({ tools }) => tools, together)
    const mine = offered.flatMap((tools, index) =>
      tools.flatMap((tool) => {
        const manager = managers[index]
        return manager !== undefined && owners.get(tool.server) === index ? [{ ...tool, manager }] : []
      })
    )
    return uniqueByName(mine).map(({ manager, ...tool }) => {
      runners.set(tool.name, manager)
      return tool
    })
  })

  /**
   * Merges the entries of all managers, sorted by server. Each server's entries come from the manager that owns its name.
   */
  const offers = <A extends { readonly server: string }>(of: (manager: Manager) => Effect.Effect<ReadonlyArray<A>>) =>
    Effect.gen(function* () {
      const { owners } = yield* statuses
      const all = yield* Effect.forEach(managers, of, together)
      return all
        .flatMap((offered, index) => offered.filter(({ server }) => owners.get(server) === index))
        .toSorted((left, right) => (left.server < right.server ? -1 : left.server > right.server ? 1 : 0))
    })
  const managerOf = (server: string) =>
    Effect.map(statuses, ({ owners }) => managers[owners.get(server) ?? managers.length])
  const asking = <A>(server: string, ask: (manager: Manager) => Effect.Effect<A, McpRequestError>) =>
    Effect.flatMap(managerOf(server), (manager) =>
      manager === undefined ? Effect.fail(unknownServer(server)) : ask(manager)
    )

  return McpManager.of({
    tools,
    instructions: offers((manager) => manager.instructions ?? Effect.succeed([])),
    resources: offers((manager) => manager.resources),
    resourceTemplates: offers((manager) => manager.resourceTemplates),
    prompts: offers((manager) => manager.prompts),
    readResource: (server, uri) => asking(server, (manager) => manager.readResource(server, uri)),
    getPrompt: (server, prompt, args) => asking(server, (manager) => manager.getPrompt(server, prompt, args)),
    complete: (completing) => asking(completing.server, (manager) => manager.complete(completing)),
    restart: (server) => Effect.flatMap(managerOf(server), (manager) => manager?.restart?.(server) ?? Effect.undefined),
    servers: Effect.map(statuses, ({ servers }) => servers),
    call: Effect.fnUntraced(function* (name, input, context) {
      // Listing waits for servers that are still starting, so do it only if the tool's manager is unknown.
      if (!runners.has(name)) yield* tools
      const manager = runners.get(name)
      if (manager === undefined) return yield* unknownTool(name)
      return yield* manager.call(name, input, context)
    })
  })
}

/**
 * Combines several `McpManager`s: all their tools, sorted by name, and all their servers in the order of the managers. A
 * server name belongs to the first manager that has it. A later server with the same name is refused with all its tools, and
 * its status states the reason.
 *
 * @since 0.1.0
 * @category functions
 */
export function merge<const Layers extends ReadonlyArray<Layer.Layer<McpManager, unknown, unknown>>>(
  ...layers: Layers
): Layer.Layer<McpManager, Layer.Error<Layers[number]>, Layer.Services<Layers[number]>>
export function merge<E, R>(...layers: ReadonlyArray<Layer.Layer<McpManager, E, R>>): Layer.Layer<McpManager, E, R> {
  const managers = Effect.forEach(layers, (layer) =>
    Layer.build(layer).pipe(Effect.map((built) => Context.get(built, McpManager)))
  )
  return Layer.effect(McpManager, Effect.map(managers, combine))
}
