import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { McpManager, type ServerStatus } from "@parley/domain/McpManager"
import { unknownTool } from "./ToolCalls.ts"
import { uniqueByName } from "./ToolNames.ts"

type Manager = McpManager["Service"]

const taken = ({ name }: ServerStatus): ServerStatus => ({
  name,
  state: "failed",
  tools: 0,
  problem: `another server has the name ${name} already: give this one another`
})

const combine = (managers: ReadonlyArray<Manager>): Manager => {
  const together = { concurrency: "unbounded" } as const
  /** What each manager may offer: a name of a server belongs to the first that has it. */
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
  /** Who runs a tool, as far as it has been asked. A tool that is gone stays with its manager, which knows why it is. */
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

  return McpManager.of({
    tools,
    servers: Effect.map(statuses, ({ servers }) => servers),
    call: Effect.fnUntraced(function* (name, input, context) {
      // Servers that are still starting are waited for only when it is not known whose tool this is.
      if (!runners.has(name)) yield* tools
      const manager = runners.get(name)
      if (manager === undefined) return yield* unknownTool(name)
      return yield* manager.call(name, input, context)
    })
  })
}

/**
 * Several `McpManager`s as one: their tools together, sorted by name, and their servers one after the other. A name of a
 * server belongs to the first manager that has it; a later server of that name is refused, with all its tools, and its
 * status says so.
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
