import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import { UsageError } from "@parley/app/UsageError"
import * as ProcessInfo from "../../process/ProcessInfo.ts"

/** The flags that describe how a server is started or reached. */
export interface ServerFlags {
  readonly header: ReadonlyArray<string>
  readonly env: ReadonlyArray<string>
  readonly cwd: Option.Option<string>
  readonly clientId: Option.Option<string>
  /** The name of the environment variable that contains the client's secret. */
  readonly clientSecretEnv: Option.Option<string>
  readonly clientMetadataUrl: Option.Option<string>
  readonly scope: Option.Option<string>
  readonly timeout: Option.Option<number>
  readonly startTimeout: Option.Option<number>
}
/** A program with its arguments, or a URL. */
export type Target = { readonly words: ReadonlyArray<string> } | { readonly url: string }

const usage = (problem: string) => new UsageError({ problem })

const headerForm = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/
const variableForm = /^([A-Za-z_][A-Za-z0-9_]*)=([^\0]*)$/s

/** Parses flags that hold a name and a value. Errors do not repeat the text, because it may be a secret. */
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

/** The OAuth client of a login. Its secret comes from a variable, because every user of the machine can read arguments. */
const oauthOf = Effect.fnUntraced(function* ({ clientId, clientMetadataUrl, clientSecretEnv, scope }: ServerFlags) {
  const variable = Option.getOrUndefined(clientSecretEnv)
  const secret = variable === undefined ? undefined : ProcessInfo.env[variable]?.trim()
  if (variable !== undefined && (secret ?? "") === "")
    return yield* usage("--client-secret-env: the environment variable is not set, or is empty")
  if (variable !== undefined && Option.isNone(clientId))
    return yield* usage("--client-secret-env needs the client that the secret belongs to: add --client-id ID")
  const oauth = {
    ...given("clientId", clientId),
    ...(secret === undefined ? {} : { clientSecret: secret }),
    ...given("clientMetadataUrl", clientMetadataUrl),
    ...given("scope", scope)
  }
  return Object.keys(oauth).length === 0 ? {} : { oauth }
})

/** The absolute path of a directory, unless it is relative to the workspace, which is resolved when the server starts. */
const directoryOf = (cwd: string): string =>
  cwd === "workspace" || cwd.startsWith("${workspaceRoot}") ? cwd : ProcessInfo.absolute(cwd)

/** Warnings about arguments that name files in the current directory, where the program will not look for them. */
export const strayPaths = (words: ReadonlyArray<string>, { cwd }: Pick<ServerFlags, "cwd">): ReadonlyArray<string> =>
  Option.isSome(cwd)
    ? []
    : words
        .slice(1)
        .filter((word) => !word.startsWith("-") && ProcessInfo.isHere(word))
        .map(
          (word) =>
            `${word} is in the current directory, but the program does not start here: ` +
            `use ${ProcessInfo.absolute(word)}, or add --cwd DIR`
        )

/** The server as it is written to the configuration. The caller still has to check it against the configuration's schema. */
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
      return yield* usage("--env and --cwd apply only to servers with a command, not to servers with a URL")
    return { url: target.url, ...(flags.header.length === 0 ? {} : { headers }), ...oauth, ...common }
  }
  const [command, ...args] = target.words
  if (command === undefined || command === "")
    return yield* usage("The server needs a URL or a command: --url URL, or -- COMMAND [ARGS…]")
  if (Option.isNone(flags.cwd) && ProcessInfo.isRelativePath(command))
    return yield* usage(
      `The command ${command} is a relative path, but the program does not start in this directory: ` +
        `use ${ProcessInfo.absolute(command)}, or add --cwd DIR`
    )
  if (flags.header.length > 0) return yield* usage("--header applies only to servers with --url")
  if ("oauth" in oauth)
    return yield* usage("--client-id, --client-metadata-url and --scope apply only to servers with --url")
  return {
    command,
    ...(args.length === 0 ? {} : { args }),
    ...(flags.env.length === 0 ? {} : { env }),
    ...given("cwd", Option.map(flags.cwd, directoryOf)),
    ...common
  }
})
