import { unreplaced } from "@parley/workspace/ServerVariables"
import * as UserConfig from "@parley/workspace/UserConfig"
import * as UserServers from "@parley/workspace/UserServers"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { UsageError } from "@parley/app/UsageError"
import { Output } from "../../output/Output.ts"
import { type ServerFlags, serverOf, strayPaths } from "./ServerFlags.ts"
import * as SetupFlags from "../../configuration/SetupFlags.ts"
import type { Here } from "../DynamicCommand.ts"

type Named = Here & { readonly name: string }
export interface Added extends Named, ServerFlags {
  readonly command: ReadonlyArray<string>
  readonly url: Option.Option<string>
  readonly readOnlyTool: ReadonlyArray<string>
  readonly disabled: boolean
  readonly sse: boolean
}

const usage = (problem: string) => new UsageError({ problem })
const refused = (edit: ReturnType<typeof UserServers.remove>, name: string) =>
  Effect.catchTag(edit, "ServerError", ({ exists, message }) =>
    Effect.fail(usage(exists === true ? `${message}; \`parley mcp remove ${name}\` removes it` : message))
  )

const looksLikeAddress = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//

const targetOf = ({ command, name, sse, url }: Added) => {
  if (Option.isNone(url)) {
    if (sse) return Effect.fail(usage("--sse applies only to servers with --url"))
    return command.length === 1 && command.some((word) => looksLikeAddress.test(word))
      ? Effect.fail(usage(`To add a server by its URL, use \`parley mcp add ${name} --url URL\``))
      : Effect.succeed({ words: command })
  }
  return command.length === 0
    ? Effect.succeed({ url: url.value })
    : Effect.fail(usage("A server has either --url URL or -- COMMAND [ARGS…], not both"))
}

/** Warns about the configuration after an edit: its file mode, and variables that Parley does not replace. */
const tell = Effect.fnUntraced(function* (configFile: string, name: string) {
  const output = yield* Output
  const { config, warnings } = yield* UserConfig.load(configFile)
  for (const warning of warnings) yield* output.note(`parley: ${warning}`)
  const server = UserServers.named(config.mcpServers ?? {}, name)
  if (server === undefined || server.disabled === true) return
  for (const { at, variable } of unreplaced(server))
    yield* output.note(
      `parley: ${at} of ${name} contains ${variable}, which Parley does not replace: the server receives it unchanged`
    )
})

export const add = Effect.fn("parley mcp add")(function* (flags: Added) {
  const { user } = yield* SetupFlags.load(flags)
  const output = yield* Output
  const { disabled, name, readOnlyTool, sse } = flags
  const server = {
    ...(yield* serverOf(yield* targetOf(flags), flags)),
    ...(readOnlyTool.length === 0 ? {} : { readOnlyTools: readOnlyTool }),
    ...(sse ? { transport: "sse" } : {}),
    ...(disabled ? { disabled } : {})
  }
  yield* refused(UserServers.add(user.configFile, name, server), name)
  const next = disabled ? `to enable it: parley mcp enable ${name}` : `to connect to it: parley mcp inspect ${name}`
  yield* output.note(`Added ${name} to ${user.configFile}; ${next}`)
  for (const note of strayPaths(flags.command, flags)) yield* output.note(`parley: ${note}`)
  yield* tell(user.configFile, name)
})

const change = Effect.fnUntraced(function* (
  flags: Named,
  words: (name: string) => string,
  edit: (configFile: string, name: string) => ReturnType<typeof UserServers.remove>
) {
  const { user } = yield* SetupFlags.load(flags)
  const output = yield* Output
  yield* refused(edit(user.configFile, flags.name), flags.name)
  yield* output.note(`${words(flags.name)} ${user.configFile}`)
  yield* tell(user.configFile, flags.name)
})

export const remove = Effect.fn("parley mcp remove")((flags: Named) =>
  change(flags, (name) => `Removed ${name} from`, UserServers.remove)
)
export const enable = Effect.fn("parley mcp enable")((flags: Named) =>
  change(
    flags,
    (name) => `Enabled ${name} in`,
    (file, name) => UserServers.setEnabled(file, name, true)
  )
)
export const disable = Effect.fn("parley mcp disable")((flags: Named) =>
  change(
    flags,
    (name) => `Disabled ${name} in`,
    (file, name) => UserServers.setEnabled(file, name, false)
  )
)
