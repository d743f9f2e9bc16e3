import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Schema from "effect/Schema"
import type { ToolDefinition, ToolOutput } from "./Tool.ts"
import { text } from "./Content.ts"
import {
  type Completing,
  McpRequestError,
  type PromptArguments,
  type PromptInfo,
  type PromptMessage,
  type ResourceContent,
  type ResourceInfo,
  type ResourceTemplateInfo
} from "./McpOffers.ts"
import { ToolError } from "./ToolError.ts"

/** How one configured server fares. A server that is not `ready` costs its own tools and nothing else. */
export interface ServerStatus {
  readonly name: string
  /**
   * `restarting` is the pause before a new start, and `starting` any start. A server that has `failed` too often, or cannot
   * run at all, is not started again; nor is one that `needs-auth`, until somebody has logged in to it. `stopped` is what
   * they are when whoever started them has ended them.
   */
  readonly state: "starting" | "ready" | "restarting" | "needs-auth" | "failed" | "stopped"
  /** How many it offers now: none unless it is ready. */
  readonly tools: number
  /** Why it is not ready, in words for a person; or, of one that is, what is wrong with what it offers. */
  readonly problem?: string
  /** Every tool it offers that is not passed on, by the server's own name for it, and why; absent when there is none. */
  readonly leftOut?: ReadonlyArray<{ readonly tool: string; readonly why: string }>
  /** How many more it offers that are not used, as the user has not accepted what they are now; absent when none. */
  readonly blocked?: number
  /** How often it was started again; absent when never. */
  readonly restarts?: number
  /** Why it was last found dead, also when it has been started again since. */
  readonly lastProblem?: string
}

/** What a server says of how its tools are to be used: its own words, at most 4 KiB, as the user has accepted them. */
export interface ServerInstructions {
  readonly server: string
  readonly text: string
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
    /** Of the servers that say some, sorted by server; also of one that is being started again. Absent where none can. */
    readonly instructions?: Effect.Effect<ReadonlyArray<ServerInstructions>>
    /**
     * Runs one tool once, by its qualified name. Input that does not fit the tool's schema is `NotSent`, and so is a call
     * to a tool that is no longer offered. Interruption cancels the call at the server. A call to a server that is being
     * started again waits for it for a while.
     */
    readonly call: (name: string, input: ToolInput, context: CallContext) => Effect.Effect<ToolOutput, ToolError>
    /**
     * What all servers that are ready offer to be read, sorted by server and URI, as they last listed it. Waits for the
     * first listing as `tools` does for theirs, and not for a server that takes long: that costs its own part, and its
     * status says so. The same holds for `resourceTemplates` and `prompts`, which are sorted by server and name.
     */
    readonly resources: Effect.Effect<ReadonlyArray<ResourceInfo>>
    readonly resourceTemplates: Effect.Effect<ReadonlyArray<ResourceTemplateInfo>>
    readonly prompts: Effect.Effect<ReadonlyArray<PromptInfo>>
    /**
     * Asks a server for one of its resources, listed or not. What it holds is bounded, and nothing of it is lost silently.
     * A request to a server that is being started again waits for it as a call does, here and below.
     */
    readonly readResource: (
      server: string,
      uri: string
    ) => Effect.Effect<ReadonlyArray<ResourceContent>, McpRequestError>
    /** Has a server write one of its prompts. */
    readonly getPrompt: (
      server: string,
      prompt: string,
      args: PromptArguments
    ) => Effect.Effect<ReadonlyArray<PromptMessage>, McpRequestError>
    /** What a value that is being typed may become: at most 100, in the server's order. */
    readonly complete: (completing: Completing) => Effect.Effect<ReadonlyArray<string>, McpRequestError>
    /**
     * Ends a server and starts it anew, also one that has failed for good; what counted against it is forgotten. Its calls
     * in flight end as lost. Says how it fares after that, or nothing when there is no such server. Absent where servers
     * cannot be started again.
     */
    readonly restart?: (server: string) => Effect.Effect<ServerStatus | undefined>
  }
>()("@parley/domain/McpManager") {
  /** A manager of tools. What else it may have is empty, unless it is given. */
  static readonly make = (
    parts: Pick<McpManager["Service"], "tools" | "servers" | "call"> & Partial<McpManager["Service"]>
  ): McpManager["Service"] => {
    const nobody = (server: string) =>
      Effect.fail(
        new McpRequestError({ server, reason: "Unsupported", problem: "The server offers nothing but tools" })
      )
    return {
      resources: Effect.succeed([]),
      resourceTemplates: Effect.succeed([]),
      prompts: Effect.succeed([]),
      readResource: nobody,
      getPrompt: nobody,
      complete: ({ server }) => nobody(server),
      ...parts
    }
  }

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
