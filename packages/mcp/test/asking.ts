import process from "node:process"
import { fileURLToPath } from "node:url"
import { Effect, type Schema } from "effect"
import type { McpServerConfig, StdioServer } from "@parley/domain/McpServerConfig"
import { ServerRequests, type ServerRequests as Requests } from "@parley/domain/ServerRequests"
import type { McpServersOptions } from "../src/server/McpServers.ts"
import { context, textOf, withManager } from "./support.ts"

/** Its tools ask the client for things. */
export const askingServer: StdioServer = {
  command: process.execPath,
  args: [fileURLToPath(new URL("./fixtures/asking-server.mjs", import.meta.url))]
}

/** One server `s`, those who answer it, and a way to call its tools that gives what they say. */
export const withServer = <A, E, R>(
  config: McpServerConfig,
  requests: Requests,
  use: (
    call: (tool: string, input?: { readonly [key: string]: Schema.Json }) => Effect.Effect<string>
  ) => Effect.Effect<A, E, R>,
  options: Partial<McpServersOptions> = {}
) =>
  withManager({ servers: { s: config }, ...options }, (manager) =>
    use((tool, input = {}) =>
      manager.call(`s__${tool}`, input, context).pipe(
        Effect.map(({ content }) => textOf(content)),
        Effect.catchTag("ToolError", ({ problem, reason }) => Effect.succeed(`${reason}: ${problem}`))
      )
    )
  ).pipe(Effect.provideService(ServerRequests, requests))

export const logging = (log: string, more: Partial<StdioServer> = {}): StdioServer => ({
  ...askingServer,
  ...more,
  args: [...(askingServer.args ?? []), `--log=${log}`]
})
