import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import { UsageError } from "./ExitCode.ts"
import * as Host from "./internal/Host.ts"

/** What the command line says of how a server is started and asked. */
export interface ServerFlags {
  readonly header: ReadonlyArray<string>
  readonly env: ReadonlyArray<string>
  readonly cwd: Option.Option<string>
  readonly clientId: Option.Option<string>
  /** The name of a variable. */
  readonly clientSecretEnv: Option.Option<string>
  readonly clientMetadataUrl: Option.Option<string>
  readonly scope: Option.Option<string>
  readonly timeout: Option.Option<number>
  readonly startTimeout: Option.Option<number>
}
/** A program with its arguments, or an address. */
export type Target = { readonly words: ReadonlyArray<string> } | { readonly url: string }

const usage = (problem: string) => new UsageError({ problem })

const headerForm = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/
const variableForm = /^([A-Za-z_][A-Za-z0-9_]*)=([^\0]*)$/s

/** Names with their values. What is wrong with one is said without it: it may be a secret. */
const pairs = Effect.fnUntraced(function* (
  texts: ReadonlyArray<string>,
  form: RegExp,
  flag: { readonly name: string; readonly expected: string; readonly key: (name: string) => string }
) {
  const found = new Map<string, readonly [string, string]>()
  for (const [i, text] of texts.entries()) {
    const [, name, value] = form.exec(text) ?? []
    const which = texts.length === 1 ? flag.name : `${flag.name} number ${i + 1}`
    if (name === undefined || value === undefined) return yield* usage(`${which}: expected ${flag.expected}`)
    if (found.has(flag.key(name))) return yield* usage(`${which}: ${name} is given twice`)
    found.set(flag.key(name), [name, value.trim() === "" ? value : flag.name === "--header" ? value.trim() : value])
  }
  return Object.fromEntries(found.values())
})

const given = <A extends Schema.Json>(name: string, flag: Option.Option<A>): { readonly [key: string]: Schema.Json } =>
  Option.match(flag, { onNone: () => ({}), onSome: (value) => ({ [name]: value }) })

/** The client of a login. Its secret comes from a variable: an argument can be read by everybody on the machine. */
const oauthOf = Effect.fnUntraced(function* ({ clientId, clientMetadataUrl, clientSecretEnv, scope }: ServerFlags) {
  const variable = Option.getOrUndefined(clientSecretEnv)
  const secret = variable === undefined ? undefined : Host.env[variable]?.trim()
  if (variable !== undefined && (secret ?? "") === "")
    return yield* usage("--client-secret-env: there is no variable of that name, or nothing in it")
  if (variable !== undefined && Option.isNone(clientId))
    return yield* usage("--client-secret-env is the secret of a client: name it by --client-id")
  const oauth = {
    ...given("clientId", clientId),
    ...(secret === undefined ? {} : { clientSecret: secret }),
    ...given("clientMetadataUrl", clientMetadataUrl),
    ...given("scope", scope)
  }
  return Object.keys(oauth).length === 0 ? {} : { oauth }
})

/** As seen from here, unless it is the workspace, wherever that will be. */
const directoryOf = (cwd: string): string =>
  cwd === "workspace" || cwd.startsWith("${workspaceRoot}") ? cwd : Host.absolute(cwd)

/** Arguments that are files of the current directory, which is not where the program will look for them. */
export const strayPaths = (words: ReadonlyArray<string>, { cwd }: Pick<ServerFlags, "cwd">): ReadonlyArray<string> =>
  Option.isSome(cwd)
    ? []
    : words
        .slice(1)
        .filter((word) => !word.startsWith("-") && Host.isHere(word))
        .map(
          (word) =>
            `${word} is in the current directory, and the program is not started here: write ${Host.absolute(word)}, or say --cwd DIR`
        )

/** A server as it is written in the configuration, which is still to be checked by the rules of that. */
export const serverOf = Effect.fnUntraced(function* (target: Target, flags: ServerFlags) {
  const common = { ...given("timeoutMillis", flags.timeout), ...given("startTimeoutMillis", flags.startTimeout) }
  const headers = yield* pairs(flags.header, headerForm, {
    name: "--header",
    expected: '"Name: value", on one line',
    key: (name) => name.toLowerCase()
  })
  const env = yield* pairs(flags.env, variableForm, { name: "--env", expected: "NAME=value", key: (name) => name })
  const oauth = yield* oauthOf(flags)
  if ("url" in target) {
    if (flags.env.length > 0 || Option.isSome(flags.cwd))
      return yield* usage("--env and --cwd are for servers that are started by a command")
    return { url: target.url, ...(flags.header.length === 0 ? {} : { headers }), ...oauth, ...common }
  }
  const [command, ...args] = target.words
  if (command === undefined || command === "")
    return yield* usage("Say how the server is reached: --url URL, or -- COMMAND [ARGS…]")
  if (Option.isNone(flags.cwd) && Host.isRelativePath(command))
    return yield* usage(
      `The command ${command} is a relative path, and programs are not started here: write ${Host.absolute(command)}, or say --cwd DIR`
    )
  if (flags.header.length > 0) return yield* usage("--header is for servers that are reached by --url")
  if ("oauth" in oauth)
    return yield* usage("--client-id, --client-metadata-url and --scope are for servers that are reached by --url")
  return {
    command,
    ...(args.length === 0 ? {} : { args }),
    ...(flags.env.length === 0 ? {} : { env }),
    ...given("cwd", Option.map(flags.cwd, directoryOf)),
    ...common
  }
})
