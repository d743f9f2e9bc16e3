import type * as Permissions from "@parley/workspace/Permissions"
import type * as ProjectServers from "@parley/workspace/ProjectServers"
import { quotedWord, wholeWord } from "@parley/domain/VisibleText"
import * as ServerRisks from "@parley/app/ServerRisks"
import * as ProcessInfo from "../process/ProcessInfo.ts"

const section = (title: string, lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.length === 0 ? [] : [`  ${title}:`, ...lines.map((line) => `    ${line}`)]

type Config = ProjectServers.ProjectServer["config"]
type Word = (text: string) => string

/** How values are shown: completely, or without the middle of long ones. */
export const wordOf = (full: boolean): Word => (full ? wholeWord : quotedWord)

/** The headers or environment variables that a project sets. They are shown, because they are not the user's secrets. */
export const values = (config: Config, word: Word): ReadonlyArray<string> =>
  section(
    "url" in config ? "headers" : "environment",
    Object.entries(("url" in config ? config.headers : config.env) ?? {}).map(
      ([name, value]) => `${word(name)} = ${word(value)}`
    )
  )

/** The workspace and search path with which its servers would be started. */
export const here = (root: string): ServerRisks.Surroundings => ({ root, searchPath: ProcessInfo.env["PATH"] ?? "" })

const how = (root: string, config: Config, word: Word): ReadonlyArray<string> => {
  if ("url" in config)
    return [...section("connects to", [word(config.url)]), `  host: ${word(new URL(config.url).host)}`]
  const { cwd, file } = ServerRisks.startOf(here(root), config)
  return [
    ...section("runs, one argument per line, without a shell", [config.command, ...(config.args ?? [])].map(word)),
    `  program file: ${file === undefined ? "not found" : word(file)}`,
    `  directory: ${word(cwd)}`
  ]
}

/** The user's permissions for the tools of a server, and the new ones that this decision would add. */
export interface Said {
  readonly permissions: ReturnType<typeof Permissions.concerning>
  /** Patterns of tools that may run without approval once the server is trusted. */
  readonly allow: ReadonlyArray<string>
}

const toolWords = ({ allow, permissions }: Said): ReadonlyArray<string> => [
  ...(allow.length === 0
    ? ["each call requires your approval"]
    : allow.map((pattern) => `${quotedWord(pattern)} runs without approval`)),
  ...permissions.map(({ counts, pattern, permission }) =>
    counts
      ? `your permission ${quotedWord(pattern)}: "${permission}" applies`
      : `your permission ${quotedWord(pattern)}: "${permission}" does not apply, because the project declares the server`
  )
]

/** Everything that trusting a server means, to be read before the decision. With `full`, long values are not shortened. */
export const words = (root: string, server: ProjectServers.ProjectServer, said: Said, full: boolean): string => {
  const { config, hash, name } = server
  const shown = (word: Word) => [...how(root, config, word), ...values(config, word)]
  const cut = !full && shown(quotedWord).join("\n") !== shown(wholeWord).join("\n")
  return [
    `${name}, of the project ${quotedWord(root)}`,
    ...shown(wordOf(full)),
    ...section("its tools", toolWords(said)),
    ...ServerRisks.of(here(root), config).map((warning) => `  ! ${warning}`),
    ...(cut ? [`  ! not all of it is shown here; \`parley mcp trust ${name} --full\` shows the rest`] : []),
    `  hash: ${hash}`
  ].join("\n")
}
