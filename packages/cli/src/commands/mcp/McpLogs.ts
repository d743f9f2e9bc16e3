import { ServerName } from "@parley/domain/McpServerConfig"
import * as OwnFiles from "@parley/workspace/OwnFiles"
import * as ServerPlaces from "@parley/workspace/ServerPlaces"
import * as UserServers from "@parley/workspace/UserServers"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { UsageError } from "@parley/app/UsageError"
import * as LogTail from "../../terminal/LogTail.ts"
import { Output } from "../../output/Output.ts"
import * as SetupFlags from "../../configuration/SetupFlags.ts"
import { quoted } from "@parley/app/SlotOptions"
import type { Here } from "../DynamicCommand.ts"

export interface Input extends Here {
  readonly name: string
  readonly lines: Option.Option<number>
  readonly follow: boolean
}

const isName = Schema.is(ServerName)

/** Prints the stored log of a server, even if the server is no longer in the configuration. */
export const logs = Effect.fn("parley mcp logs")(function* ({ follow, lines, name, workspace }: Input) {
  const setup = yield* SetupFlags.load({ workspace })
  const output = yield* Output
  const unknown = new UsageError({
    problem: `There is no server ${quoted(name)}; \`parley mcp list\` lists your servers`
  })
  if (!isName(name)) return yield* unknown
  const owner = SetupFlags.ownerOf(setup, name)
  const path = LogTail.fileIn(ServerPlaces.logs(setup.user, owner), name)
  for (const file of [path, `${path}.1`]) yield* OwnFiles.below(setup.user.stateDirectory, file)
  const found = yield* LogTail.last(
    path,
    Option.getOrElse(lines, () => 50)
  )
  if (found.lines.length === 0) {
    if (owner === "user" && UserServers.named(setup.config.mcpServers ?? {}, name) === undefined) return yield* unknown
    yield* output.note(`There is no log of ${name} yet; \`parley run\` and \`parley chat\` write it`)
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
