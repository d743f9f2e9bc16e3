import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Schema from "effect/Schema"
import type { ToolDefinition, ToolOutput } from "./Tool.ts"
import { text } from "./Content.ts"
import type { CallReference } from "./Ids.ts"
import {
  type Completing,
  McpRequestError,
  type PromptArguments,
  type PromptInfo,
  type PromptMessage,
  type ResourceContent,
  type ResourceInfo,
  type ResourceTemplateInfo
} from "./McpCatalog.ts"
import { ToolError } from "./ToolError.ts"

/**
 * The status of one configured server. If a server is not `ready`, only its own tools are unavailable.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerStatus {
  readonly name: string
  /**
   * - `starting`: the server is being started, for the first time or again.
   * - `ready`: its tools can be called.
   * - `restarting`: it ended and is about to be started again, after a pause.
   * - `needs-auth`: it requires a login and is not started again until a user has logged in.
   * - `failed`: it failed too often or cannot run; it is not started again automatically.
   * - `stopped`: the program that started it has shut it down.
   */
  readonly state: "starting" | "ready" | "restarting" | "needs-auth" | "failed" | "stopped"
  /** How many tools it offers now; 0 unless it is `ready`. */
  readonly tools: number
  /** For people: why it is not ready, or, if it is ready, what is wrong with what it offers. */
  readonly problem?: string
  /**
   * Tools that it offers but that cannot be used, by the server's own names, each with the reason; absent if there are
   * none.
   */
  readonly leftOut?: ReadonlyArray<{ readonly tool: string; readonly why: string }>
  /** How many further tools are blocked because the user has not accepted their current definitions; absent if 0. */
  readonly blocked?: number
  /** How often it was restarted; absent if never. */
  readonly restarts?: number
  /** Why it last ended unexpectedly. Kept after a successful restart. */
  readonly lastProblem?: string
}

/**
 * A server's instructions for using its tools: the server's own text, at most 4 KiB, as the user accepted it.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerInstructions {
  readonly server: string
  readonly text: string
}

/**
 * The decoded JSON object that a tool is called with.
 *
 * @since 0.1.0
 * @category models
 */
export type ToolInput = { readonly [key: string]: Schema.Json }

/**
 * Identifies a call to the manager and to the server.
 *
 * @since 0.1.0
 * @category models
 */
export interface CallContext {
  /** Identifies the call permanently: `session/round/turn/call`. Sent to the server in `_meta`. A retry has the same key. */
  readonly idempotencyKey: string
  /** Absent if the call belongs to no round, as when a user tries out a tool. */
  readonly reference?: CallReference
}

/**
 * Provides the tools, resources and prompts of MCP servers. An application that has no MCP servers can implement it with
 * plain functions: see `make` and `layerMemory`.
 *
 * @since 0.1.0
 * @category services
 */
export class McpManager extends Context.Service<
  McpManager,
  {
    /**
     * The current tools of all servers that are ready, sorted by name. A server may offer different tools later. Waits
     * until each server has become ready or failed to start for the first time; does not wait for a server that is being
     * restarted.
     */
    readonly tools: Effect.Effect<ReadonlyArray<ToolDefinition>>
    /** The current status of every configured server. Waits for starting servers as `tools` does. */
    readonly servers: Effect.Effect<ReadonlyArray<ServerStatus>>
    /**
     * The instructions of all servers that have some, sorted by server, including servers that are being restarted.
     * Absent if the implementation does not support instructions.
     */
    readonly instructions?: Effect.Effect<ReadonlyArray<ServerInstructions>>
    /**
     * Calls the tool with this qualified name once. Fails with `ToolError`: reason `NotSent` if the tool was not called,
     * for example because the input does not match the tool's schema or the tool is no longer offered; reason `Lost` if
     * the call was sent but its result was not received. An error that the tool itself reports is a result with
     * `isError`. Interruption cancels the call on the server. If the server is being restarted, the call waits for it for
     * a limited time.
     */
    readonly call: (name: string, input: ToolInput, context: CallContext) => Effect.Effect<ToolOutput, ToolError>
    /**
     * The resources of all servers that are ready, as they last listed them, sorted by server and URI. Waits for the
     * first listing, as `tools` does, but not for a slow server: its resources are then missing and its status reports
     * the problem.
     */
    readonly resources: Effect.Effect<ReadonlyArray<ResourceInfo>>
    /** The resource templates, sorted by server and name. Waits as `resources` does. */
    readonly resourceTemplates: Effect.Effect<ReadonlyArray<ResourceTemplateInfo>>
    /** The prompts, sorted by server and name. Waits as `resources` does. */
    readonly prompts: Effect.Effect<ReadonlyArray<PromptInfo>>
    /**
     * Reads a resource of a server, listed or not. The size of the result is limited; content that was left out is
     * replaced by a note or description. If the server is being restarted, the request waits for it as `call` does.
     * `getPrompt` and `complete` do the same.
     */
    readonly readResource: (
      server: string,
      uri: string
    ) => Effect.Effect<ReadonlyArray<ResourceContent>, McpRequestError>
    /** Requests one of a server's prompts, filled in with the arguments. */
    readonly getPrompt: (
      server: string,
      prompt: string,
      args: PromptArguments
    ) => Effect.Effect<ReadonlyArray<PromptMessage>, McpRequestError>
    /** Completions for a partially typed value: at most 100, in the server's order. */
    readonly complete: (completing: Completing) => Effect.Effect<ReadonlyArray<string>, McpRequestError>
    /**
     * Stops a server and starts it again, even if its state is `failed`, and resets its count of failures. Calls in
     * flight fail with reason `Lost`. Returns the status after the start, or `undefined` if there is no such server.
     * Absent if the implementation cannot restart servers.
     */
    readonly restart?: (server: string) => Effect.Effect<ServerStatus | undefined>
  }
>()("@parley/domain/McpManager") {
  /**
   * Creates a manager from its tools. Parts that are not given are empty: there are no resources, templates or prompts, and
   * requests for them fail with reason `Unsupported`.
   */
  static readonly make = (
    parts: Pick<McpManager["Service"], "tools" | "servers" | "call"> & Partial<McpManager["Service"]>
  ): McpManager["Service"] => {
    const unsupported = (server: string) =>
      Effect.fail(
        new McpRequestError({ server, reason: "Unsupported", problem: "The server offers nothing but tools" })
      )
    return {
      resources: Effect.succeed([]),
      resourceTemplates: Effect.succeed([]),
      prompts: Effect.succeed([]),
      readResource: unsupported,
      getPrompt: unsupported,
      complete: ({ server }) => unsupported(server),
      ...parts
    }
  }

  /**
   * Offers plain functions as tools of one server called `memory`. Keys are the names of the tools. A function that
   * throws fails its call with a defect.
   */
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
    const manager = McpManager.make({
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
    return Layer.succeed(McpManager, manager)
  }
}
