import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

/**
 * The program that runs the engine.
 *
 * @since 0.1.0
 * @category models
 */
export interface HostProcess {
  /** Name and version that are sent to MCP servers. */
  readonly clientInfo: { readonly name: string; readonly version: string }
  /** Completes when the process is ended by a signal. MCP servers are then stopped within 1.5 seconds. */
  readonly ending?: Effect.Effect<void>
}

/**
 * The port for the program that runs the engine. Default: the name `parley`, and no signals.
 *
 * @since 0.1.0
 * @category services
 */
export const HostProcess = Context.Reference<HostProcess>("@parley/app/HostProcess", {
  defaultValue: () => ({ clientInfo: { name: "parley", version: "0.0.0" } })
})
