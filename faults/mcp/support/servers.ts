import { readdirSync, readFileSync } from "node:fs"
import { McpManager } from "@parley/domain/McpManager"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import * as McpServers from "@parley/mcp/McpServers"
import { Context, Effect, Layer, type Scope } from "effect"
import type { Home } from "../../../packages/harness/src/sessions/home.ts"
import { lives } from "../../../packages/harness/src/user/processes.ts"
import { until } from "../../../packages/harness/src/user/until.ts"
import { mark } from "./script.ts"
import { inTime } from "../../../packages/harness/src/time/promptly.ts"

/** A manager of MCP servers as in the command, but with short delays for restarting and ending them. */
export const managerOf = (
  servers: { readonly [name: string]: McpServerConfig },
  options: Partial<McpServers.McpServersOptions> = {}
): Effect.Effect<McpManager["Service"], never, Scope.Scope> =>
  McpServers.layer({
    servers,
    clientInfo: { name: "parley-faults", version: "1" },
    closeGrace: "150 millis",
    restarts: { firstDelayMillis: 20, maxDelayMillis: 100 },
    ...options
  }).pipe(
    Layer.fresh,
    Layer.build,
    Effect.map((built) => Context.get(built, McpManager))
  )

const environmentOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8")
  } catch {
    return ""
  }
}

/** All processes of a home's servers, and those that the servers have started. */
export const processesOf = (here: Home): ReadonlyArray<number> =>
  readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid) && environmentOf(pid).split("\0").includes(mark(here)))
    .map(Number)
    .filter(lives)

export const nothingRuns = (here: Home) =>
  until(
    "no server is left",
    () => processesOf(here).length === 0,
    () => processesOf(here).join(" "),
    50
  ).pipe(inTime(1000))
