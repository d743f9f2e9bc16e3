import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import * as UserServers from "@parley/workspace/UserServers"
import * as Effect from "effect/Effect"
import { UsageError } from "@parley/app/UsageError"
import * as Engine from "@parley/app/Engine"
import { Output } from "../../output/Output.ts"
import * as ServerInspection from "./ServerInspection.ts"
import * as SetupFlags from "../../configuration/SetupFlags.ts"
import { quoted } from "@parley/app/SlotOptions"
import type { Here } from "../DynamicCommand.ts"

export interface Input extends Here {
  readonly name: string
  readonly format: "text" | "json"
}

/** Connects to a server and shows the outcome. Fails with `ServerTrouble` if the server cannot be used. */
export const show = Effect.fnUntraced(function* (name: string, server: McpServerConfig, format: Input["format"]) {
  const output = yield* Output
  const inspection = yield* ServerInspection.inspect(name, server)
  if (format === "json") yield* output.line(yield* Effect.orDie(ServerInspection.encode(inspection)))
  else yield* output.text(`${ServerInspection.words(inspection)}\n`)
  yield* ServerInspection.reached(inspection)
})

/** The server of that name, enabled or not; a `UsageError` with the names that exist if there is none. */
export const configured = Effect.fnUntraced(function* (servers: SetupFlags.Setup["servers"], name: string) {
  const found = UserServers.named(servers, name)
  if (found === undefined) {
    const names = Object.keys(servers)
    const others =
      names.length === 0
        ? "no servers are configured; see `parley mcp add --help`"
        : `the configured servers are ${names.join(", ")}`
    return yield* new UsageError({ problem: `There is no server ${quoted(name)}; ${others}` })
  }
  return found
})

/** Starts one configured server, enabled or not, and no other. */
export const inspect = Effect.fn("parley mcp inspect")(function* ({ format, name, workspace }: Input) {
  const setup = yield* SetupFlags.load({ workspace })
  const found = yield* configured(setup.servers, name)
  const { disabled: _disabled, ...server } = found
  yield* Effect.provide(show(name, server, format), Engine.tools(setup, { [name]: server }, { keepUnseen: true }))
})
