import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { ServerStatus } from "@parley/domain/McpManager"
import type { ToolDefinition } from "@parley/domain/Tool"
import type { Connection } from "./internal/Sdk.ts"

/**
 * How a server fares. It leaves `Starting` once, and `Ready` at most once: a server that has ended is not started again.
 * `tools` stay known after the end, so that a call can be told what became of its server.
 */
export type ToolServerState =
  | { readonly _tag: "Starting" }
  | {
      readonly _tag: "Ready"
      readonly connection: Connection
      readonly tools: ReadonlyArray<ToolDefinition>
      /** What a person should know although the server is ready, such as tools that were left out. */
      readonly problem: string | undefined
    }
  | { readonly _tag: "Failed"; readonly problem: string; readonly tools: ReadonlyArray<ToolDefinition> }

/** One server, from its start to its end. */
export interface ToolServer {
  readonly name: string
  /** How long one call may take. */
  readonly timeout: Duration.Duration
  readonly state: Ref.Ref<ToolServerState>
  readonly settled: Deferred.Deferred<void>
}

export const make = Effect.fnUntraced(function* (name: string, timeout: Duration.Duration) {
  const state = yield* Ref.make<ToolServerState>({ _tag: "Starting" })
  return { name, timeout, state, settled: yield* Deferred.make<void>() } satisfies ToolServer
})

export const settle = (server: ToolServer, state: ToolServerState): Effect.Effect<void> =>
  Effect.andThen(Ref.set(server.state, state), Deferred.succeed(server.settled, undefined))

/** The server has ended, or never started. */
export const fail = (server: ToolServer, problem: string): Effect.Effect<void> =>
  Effect.flatMap(Ref.get(server.state), (state) =>
    settle(server, { _tag: "Failed", problem, tools: state._tag === "Ready" ? state.tools : [] })
  )

/** Waits until it is ready or has failed. */
export const settled = (server: ToolServer): Effect.Effect<ToolServerState> =>
  Effect.andThen(Deferred.await(server.settled), Ref.get(server.state))

export const statusOf = (name: string, state: ToolServerState): ServerStatus => {
  switch (state._tag) {
    case "Starting":
      return { name, state: "failed", tools: 0, problem: "it is still starting" }
    case "Failed":
      return { name, state: "failed", tools: 0, problem: state.problem }
    case "Ready":
      return {
        name,
        state: "ready",
        tools: state.tools.length,
        ...(state.problem === undefined ? {} : { problem: state.problem })
      }
  }
}
