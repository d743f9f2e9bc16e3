import { ServerName } from "@parley/domain/McpServerConfig"
import * as OwnFiles from "@parley/workspace/OwnFiles"
import * as ServerPlaces from "@parley/workspace/ServerPlaces"
import * as UserServers from "@parley/workspace/UserServers"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { UsageError } from "../ExitCode.ts"
import * as LogTail from "../internal/LogTail.ts"
import { Output } from "../Output.ts"
import * as Setup from "../Setup.ts"
import { quoted } from "../Slots.ts"
import type { Here } from "./Dynamic.ts"

export interface Input extends Here {
  readonly name: string
  readonly lines: Option.Option<number>
  readonly follow: boolean
}

const isName = Schema.is(ServerName)

/** Prints what was written down of a server, also of one that is no longer in the configuration. */
export const logs = Effect.fn("parley mcp logs")(function* ({ follow, lines, name, workspace }: Input) {
  const setup = yield* Setup.load({ workspace })
  const output = yield* Output
  const unknown = new UsageError({ problem: `There is no server ${quoted(name)}; \`parley mcp list\` lists yours` })
  if (!isName(name)) return yield* unknown
  const owner = Setup.ownerOf(setup, name)
  const path = LogTail.fileIn(ServerPlaces.logs(setup.user, owner), name)
  for (const file of [path, `${path}.1`]) yield* OwnFiles.below(setup.user.stateDirectory, file)
  const found = yield* LogTail.last(
    path,
    Option.getOrElse(lines, () => 50)
  )
  if (found.lines.length === 0) {
    if (owner === "user" && UserServers.named(setup.config.mcpServers ?? {}, name) === undefined) return yield* unknown
    yield* output.note(`Nothing has been written down of ${name} yet; \`parley run\` and \`parley chat\` do that`)
  }
  for (const line of found.lines) yield* output.text(`${line}\n`)
  if (!follow) return
  let { end } = found
  for (;;) {
    yield* Effect.sleep("300 millis")
    const next = yield* LogTail.since(path, end)
    end = next.end
    if (next.text !== "") yield* output.text(next.text)
  }
})
