import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import * as UserServers from "@parley/workspace/UserServers"
import * as Effect from "effect/Effect"
import { UsageError } from "../ExitCode.ts"
import * as Live from "../Live.ts"
import { Output } from "../Output.ts"
import * as ServerInspection from "../ServerInspection.ts"
import * as Setup from "../Setup.ts"
import { quoted } from "../Slots.ts"
import type { Here } from "./Dynamic.ts"

export interface Input extends Here {
  readonly name: string
  readonly format: "text" | "json"
}

/** Shows what came of connecting to a server, and fails when it cannot be used. */
export const show = Effect.fnUntraced(function* (name: string, server: McpServerConfig, format: Input["format"]) {
  const output = yield* Output
  const inspection = yield* ServerInspection.inspect(name, server)
  if (format === "json") yield* output.line(yield* Effect.orDie(ServerInspection.encode(inspection)))
  else yield* output.text(`${ServerInspection.words(inspection)}\n`)
  yield* ServerInspection.reached(inspection)
})

/** The server of that name, on or off. */
export const configured = Effect.fnUntraced(function* (setup: Setup.Setup, name: string) {
  const { servers } = setup
  const found = UserServers.named(servers, name)
  if (found === undefined) {
    const names = Object.keys(servers)
    const others = names.length === 0 ? "nor any other; see `parley mcp add --help`" : `there are ${names.join(", ")}`
    return yield* new UsageError({ problem: `There is no server ${quoted(name)}, ${others}` })
  }
  return found
})

/** Starts one server of the configuration, on or off, and none of the others. */
export const inspect = Effect.fn("parley mcp inspect")(function* ({ format, name, workspace }: Input) {
  const setup = yield* Setup.load({ workspace })
  const found = yield* configured(setup, name)
  const { disabled: _disabled, ...server } = found
  yield* Effect.provide(show(name, server, format), Live.tools(setup, { [name]: server }, { keepUnseen: true }))
})
