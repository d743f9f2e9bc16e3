import { unreplaced } from "@parley/workspace/ServerVariables"
import * as UserConfig from "@parley/workspace/UserConfig"
import * as UserServers from "@parley/workspace/UserServers"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { UsageError } from "../ExitCode.ts"
import { Output } from "../Output.ts"
import { type ServerFlags, serverOf, strayPaths } from "../ServerFlags.ts"
import * as Setup from "../Setup.ts"
import type { Here } from "./Dynamic.ts"

type Named = Here & { readonly name: string }
export interface Added extends Named, ServerFlags {
  readonly command: ReadonlyArray<string>
  readonly url: Option.Option<string>
  readonly readOnlyTool: ReadonlyArray<string>
  readonly disabled: boolean
  readonly sse: boolean
}

const usage = (problem: string) => new UsageError({ problem })
const refused = (edit: ReturnType<typeof UserServers.remove>) =>
  Effect.catchTag(edit, "ServerError", ({ message }) => Effect.fail(usage(message)))

const looksLikeAddress = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//

const targetOf = ({ command, name, sse, url }: Added) => {
  if (Option.isNone(url)) {
    if (sse) return Effect.fail(usage("--sse is for servers that are reached by --url"))
    return command.length === 1 && command.some((word) => looksLikeAddress.test(word))
      ? Effect.fail(usage(`An address is given by --url: \`parley mcp add ${name} --url URL\``))
      : Effect.succeed({ words: command })
  }
  return command.length === 0
    ? Effect.succeed({ url: url.value })
    : Effect.fail(usage("A server has either --url URL or -- COMMAND [ARGS…]"))
}

/** What the file's new state has to say: of its mode, and of variables that nobody replaces. */
const tell = Effect.fnUntraced(function* (configFile: string, name: string) {
  const output = yield* Output
  const { config, warnings } = yield* UserConfig.load(configFile)
  for (const warning of warnings) yield* output.note(`parley: ${warning}`)
  const server = UserServers.named(config.mcpServers ?? {}, name)
  if (server === undefined || server.disabled === true) return
  for (const { at, variable } of unreplaced(server))
    yield* output.note(`parley: ${at} of ${name} has ${variable}, which reaches the server as it stands`)
})

export const add = Effect.fn("parley mcp add")(function* (flags: Added) {
  const { user } = yield* Setup.load(flags)
  const output = yield* Output
  const { disabled, name, readOnlyTool, sse } = flags
  const server = {
    ...(yield* serverOf(yield* targetOf(flags), flags)),
    ...(readOnlyTool.length === 0 ? {} : { readOnlyTools: readOnlyTool }),
    ...(sse ? { transport: "sse" } : {}),
    ...(disabled ? { disabled } : {})
  }
  yield* refused(UserServers.add(user.configFile, name, server))
  const next = disabled
    ? `\`parley mcp enable ${name}\` switches it on`
    : `\`parley mcp inspect ${name}\` connects to it`
  yield* output.note(`Added ${name} to ${user.configFile}; ${next}`)
  for (const note of strayPaths(flags.command, flags)) yield* output.note(`parley: ${note}`)
  yield* tell(user.configFile, name)
})

const change = Effect.fnUntraced(function* (
  flags: Named,
  words: string,
  edit: (configFile: string, name: string) => ReturnType<typeof UserServers.remove>
) {
  const { user } = yield* Setup.load(flags)
  const output = yield* Output
  yield* refused(edit(user.configFile, flags.name))
  yield* output.note(`${flags.name} ${words} ${user.configFile}`)
  yield* tell(user.configFile, flags.name)
})

export const remove = Effect.fn("parley mcp remove")((flags: Named) =>
  change(flags, "is no longer in", UserServers.remove)
)
export const enable = Effect.fn("parley mcp enable")((flags: Named) =>
  change(flags, "is on in", (file, name) => UserServers.setEnabled(file, name, true))
)
export const disable = Effect.fn("parley mcp disable")((flags: Named) =>
  change(flags, "is off in", (file, name) => UserServers.setEnabled(file, name, false))
)
