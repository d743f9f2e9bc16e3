import type * as Permissions from "@parley/workspace/Permissions"
import type * as ProjectServers from "@parley/workspace/ProjectServers"
import { quotedWord, wholeWord } from "../Visible.ts"
import * as Warnings from "./Warnings.ts"

const section = (title: string, lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.length === 0 ? [] : [`  ${title}:`, ...lines.map((line) => `    ${line}`)]

type Config = ProjectServers.ProjectServer["config"]
type Word = (text: string) => string

/** How words are shown: long ones without their middle, or all of each. */
export const wordOf = (full: boolean): Word => (full ? wholeWord : quotedWord)

/** What a project sets for its server, which are its own words and no secrets of the user. */
export const values = (config: Config, word: Word): ReadonlyArray<string> =>
  section(
    "url" in config ? "headers" : "environment",
    Object.entries(("url" in config ? config.headers : config.env) ?? {}).map(
      ([name, value]) => `${word(name)} = ${word(value)}`
    )
  )

const how = (root: string, config: Config, word: Word): ReadonlyArray<string> => {
  if ("url" in config)
    return [...section("connects to", [word(config.url)]), `  host: ${word(new URL(config.url).host)}`]
  const { cwd, file } = Warnings.startOf(root, config)
  return [
    ...section("runs, one argument to a line, without a shell", [config.command, ...(config.args ?? [])].map(word)),
    `  which is: ${file === undefined ? "not found" : word(file)}`,
    `  in: ${word(cwd)}`
  ]
}

/** What the user has said and says of its tools. */
export interface Said {
  readonly permissions: ReturnType<typeof Permissions.concerning>
  /** Patterns of its tools that may run without asking once it is trusted. */
  readonly allow: ReadonlyArray<string>
}

const toolWords = ({ allow, permissions }: Said): ReadonlyArray<string> => [
  ...(allow.length === 0
    ? ["each call is asked about"]
    : allow.map((pattern) => `${quotedWord(pattern)} runs unasked`)),
  ...permissions.map(({ counts, pattern, permission }) =>
    counts
      ? `your permission ${quotedWord(pattern)}: "${permission}" counts`
      : `your permission ${quotedWord(pattern)}: "${permission}" does not count, as it is not your server`
  )
]

/** All that trusting a server means, for a person to read before saying so. `full` leaves nothing out of long values. */
export const words = (root: string, server: ProjectServers.ProjectServer, said: Said, full: boolean): string => {
  const { config, hash, name } = server
  const shown = (word: Word) => [...how(root, config, word), ...values(config, word)]
  const cut = !full && shown(quotedWord).join("\n") !== shown(wholeWord).join("\n")
  return [
    `${name}, of the project ${quotedWord(root)}`,
    ...shown(wordOf(full)),
    ...section("its tools", toolWords(said)),
    ...Warnings.of(root, config).map((warning) => `  ! ${warning}`),
    ...(cut ? [`  ! not all of it is shown here; \`parley mcp trust ${name} --full\` shows the rest`] : []),
    `  hash: ${hash}`
  ].join("\n")
}
