import * as ClientServers from "@parley/workspace/ClientServers"
import * as UserServers from "@parley/workspace/UserServers"
import * as Effect from "effect/Effect"
import { UsageError } from "@parley/app/UsageError"
import { Output } from "../../output/Output.ts"
import { inLine, short } from "../../output/Render.ts"
import * as ServerView from "@parley/app/ServerView"
import * as SetupFlags from "../../configuration/SetupFlags.ts"
import type { Here } from "../DynamicCommand.ts"

export interface Input extends Here {
  readonly file: string
  readonly from: ClientServers.Format
  readonly dryRun: boolean
}

const plainName = (name: string): string => short(inLine(name), 80)

/** One server, whether it was added, and everything that the user still has to do. */
const words = (one: ClientServers.ClientServer, added: ReadonlySet<string>, configFile: string): string => {
  if (one._tag === "Unusable") return `${plainName(one.name)}: left out: ${inLine(one.why)}`
  const { config, ignored, name, unresolved } = one
  if (!added.has(name)) return `${name}: skipped: ${configFile} already has a server of that name`
  const shown = ServerView.view(name, config)
  const off = unresolved.length > 0 || config.disabled === true
  return [
    `${name}: added${off ? ", disabled" : ""}: ${inLine(shown.start + ServerView.settingNames(shown))}`,
    ...unresolved.map((what) => `  ! ${inLine(what)}`),
    ...(unresolved.length === 0 ? [] : [`  ! correct this in ${configFile}, then run \`parley mcp enable ${name}\``]),
    ...(ignored.length === 0 ? [] : [`  ! not imported: ${ignored.map(plainName).join(", ")}`])
  ].join("\n")
}

/**
 * Imports servers from the configuration of another program. All usable ones are added in one edit of the file; servers that
 * are already configured stay unchanged.
 */
export const importFrom = Effect.fn("parley mcp import")(function* ({ dryRun, file, from, workspace }: Input) {
  const setup = yield* SetupFlags.load({ workspace })
  const { configFile } = setup.user
  const output = yield* Output
  const all = yield* ClientServers.load(file, from)
  const usable = all.flatMap((one) => (one._tag === "Usable" ? [one] : []))
  const configured = setup.config.mcpServers ?? {}
  const added = dryRun
    ? new Set(usable.flatMap(({ name }) => (UserServers.named(configured, name) === undefined ? [name] : [])))
    : yield* UserServers.addMissing(configFile, usable).pipe(
        Effect.catchTag("ServerError", ({ message }) => Effect.fail(new UsageError({ problem: message })))
      )
  for (const one of all) yield* output.text(`${words(one, added, configFile)}\n`)
  const count = `${added.size} of ${all.length} server${all.length === 1 ? "" : "s"}`
  yield* output.note(
    dryRun ? `Would add ${count} to ${configFile}; nothing was changed` : `Added ${count} to ${configFile}`
  )
})
