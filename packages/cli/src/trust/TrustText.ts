import { isThisMachine } from "@parley/mcp/Hosts"
import type * as ProjectServers from "@parley/workspace/ProjectServers"
import { variables } from "@parley/workspace/ServerVariables"
import * as Host from "../internal/Host.ts"
import { leadsInto, which } from "../internal/Which.ts"
import { quotedWord } from "../Visible.ts"
import { unpinned } from "./Unpinned.ts"

const shells = /(?:^|[\\/])(?:ba|da|z|fi|k|c|tc)?sh(?:\.exe)?$|(?:^|[\\/])(?:cmd|powershell|pwsh)(?:\.exe)?$/i
/** Variables that make programs run what they would not run by themselves. */
const loading =
  /^(?:PATH|NODE_OPTIONS|NODE_PATH|LD_\w+|DYLD_\w+|PYTHON\w+|BASH_ENV|ENV|PERL5?(?:OPT|LIB)|RUBY(?:OPT|LIB)|JAVA_TOOL_OPTIONS|GIT_\w+|npm_config_\w+|UV_\w+|PIP_\w+)$/i

const masked = (values: { readonly [name: string]: string } = {}): ReadonlyArray<string> =>
  Object.entries(values).map(([name, value]) => `    ${quotedWord(name)} (a value of ${value.length} characters)`)

const section = (title: string, lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.length === 0 ? [] : [`  ${title}:`, ...lines]

type Config = ProjectServers.ProjectServer["config"]

const how = (config: Config): ReadonlyArray<string> => {
  if ("url" in config) {
    return [
      "  connects to:",
      `    ${quotedWord(config.url)}`,
      `  host: ${quotedWord(new URL(config.url).host)}`,
      ...section("headers", masked(config.headers))
    ]
  }
  const cwd = config.cwd ?? ""
  const found = which(config.command, cwd, config.env?.["PATH"] ?? Host.env["PATH"] ?? "")
  return [
    "  runs, one argument to a line, without a shell:",
    ...[config.command, ...(config.args ?? [])].map((word) => `    ${quotedWord(word)}`),
    `  which is: ${found === undefined ? "not found" : quotedWord(found)}`,
    `  in: ${quotedWord(cwd)}`,
    ...section("environment", masked(config.env))
  ]
}

/** Whether others on the way can read what is sent. */
const isUnencrypted = ({ hostname, protocol }: URL): boolean => protocol === "http:" && !isThisMachine(hostname)

const warningsOf = (root: string, config: Config): ReadonlyArray<string> => {
  const unreplaced = variables(config).map(({ at, variable }) => `${at} has ${variable}, which nothing replaces`)
  if ("url" in config)
    return [...(isUnencrypted(new URL(config.url)) ? ["it is asked without encryption"] : []), ...unreplaced]
  const argv = [config.command, ...(config.args ?? [])]
  const cwd = config.cwd ?? root
  const inside = argv.filter((word) => word !== "" && /[./\\]/.test(word) && leadsInto(root, cwd, word))
  return [
    ...unpinned(argv).map(
      (name) => `${quotedWord(name)} names no exact version: whoever publishes the next one decides what runs`
    ),
    ...(shells.test(config.command) ? ["it is a shell: what it is given is a program of its own"] : []),
    ...inside.map((word) => `${quotedWord(word)} is in this workspace: who changes that changes what runs, unasked`),
    ...Object.keys(config.env ?? {})
      .filter((name) => loading.test(name))
      .map((name) => `${quotedWord(name)} can make a program run other code`),
    ...unreplaced
  ]
}

/** All that trusting a server means, for a person to read before saying so. Only values that may be secrets are left out. */
export const words = (root: string, { config, hash, name }: ProjectServers.ProjectServer): string =>
  [
    `${name}, of the project ${quotedWord(root)}`,
    ...how(config),
    ...warningsOf(root, config).map((warning) => `  ! ${warning}`),
    `  hash: ${hash}`
  ].join("\n")
