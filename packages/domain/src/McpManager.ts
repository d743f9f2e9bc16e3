import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Schema from "effect/Schema"
import type { ToolDefinition, ToolOutput } from "./Tool.ts"
import { text } from "./Content.ts"
import { ToolError } from "./ToolError.ts"

/** How one configured server fares. A server that is not `ready` costs its own tools and nothing else. */
export interface ServerStatus {
  readonly name: string
  /**
   * `restarting` is the pause before a new start, and `starting` any start. A server that has `failed` too often, or cannot
   * run at all, is not started again; `stopped` is what they are when whoever started them has ended them.
   */
  readonly state: "starting" | "ready" | "restarting" | "failed" | "stopped"
  /** How many it offers now: none unless it is ready. */
  readonly tools: number
  /** Why it is not ready, in words for a person; or, of one that is, what is wrong with its tools. */
  readonly problem?: string
  /** How many more it offers that are not used, as the user has not accepted what they are now; absent when none. */
  readonly blocked?: number
  /** How often it was started again; absent when never. */
  readonly restarts?: number
  /** Why it was last found dead, also when it has been started again since. */
  readonly lastProblem?: string
}

export type ToolInput = { readonly [key: string]: Schema.Json }

/** Identifies one call for ever: `session/round/turn/call`. Sent to the server in `_meta`. */
export interface CallContext {
  readonly idempotencyKey: string
}

export class McpManager extends Context.Service<
  McpManager,
  {
    /**
     * The tools of all servers that are ready, sorted by name, as they are now: later the same servers may offer others.
     * Waits until each server has become ready or has failed to, and not for one that is started again.
     */
    readonly tools: Effect.Effect<ReadonlyArray<ToolDefinition>>
    readonly servers: Effect.Effect<ReadonlyArray<ServerStatus>>
    /**
     * Runs one tool once, by its qualified name. Input that does not fit the tool's schema is `NotSent`, and so is a call
     * to a tool that is no longer offered. Interruption cancels the call at the server. A call to a server that is being
     * started again waits for it for a while.
     */
    readonly call: (name: string, input: ToolInput, context: CallContext) => Effect.Effect<ToolOutput, ToolError>
  }
>()("@parley/domain/McpManager") {
  /** Tools that are plain functions, all on one server `memory`. A function that throws is a defect of that call. */
  static readonly layerMemory = (
    tools: { readonly [name: string]: (input: ToolInput) => string } = {}
  ): Layer.Layer<McpManager> => {
    const definitions = Object.keys(tools)
      .sort()
      .map((name): ToolDefinition => ({
        name,
        server: "memory",
        tool: name,
        description: name,
        inputSchema: { type: "object" }
      }))
    return Layer.succeed(McpManager, {
      tools: Effect.succeed(definitions),
      servers: Effect.succeed<ReadonlyArray<ServerStatus>>([
        { name: "memory", state: "ready", tools: definitions.length }
      ]),
      call: (name, input) =>
        Effect.suspend(() => {
          const run = tools[name]
          return run === undefined
            ? Effect.fail(new ToolError({ tool: name, reason: "NotSent", problem: `There is no tool ${name}` }))
            : Effect.succeed<ToolOutput>({ isError: false, content: [text(run(input))] })
        })
    })
  }
}
