import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import { isThisMachine } from "@parley/mcp/Hosts"
import { variables } from "@parley/workspace/ServerVariables"
import { leadsInto, which } from "./CommandPath.ts"
import { quotedWord } from "@parley/domain/VisibleText"
import { named, reaches, readFrom } from "./WorkspaceReach.ts"
import { nameOf, unpinned } from "./UnpinnedPackages.ts"
import * as Variables from "./VariableRisks.ts"

type Program = Exclude<McpServerConfig, { readonly url: string }>

const shells = /^(?:ba|da|z|fi|k|c|tc|a)?sh$|^(?:cmd|powershell|pwsh)$/
const interpreters = /^(?:node|nodejs|bun|deno|tsx|ts-node|python[\d.]*|pypy[\d.]*|perl|ruby|php|lua[\d.]*|osascript)$/
/** Options after which the program text follows. */
const inline = /^-[a-z]*[ecpr]|^--(?:eval|print|command)(?:=|$)|^eval$/

/**
 * Where a server would be started.
 *
 * @since 0.1.0
 * @category models
 */
export interface Surroundings {
  /** The workspace. */
  readonly root: string
  /** `PATH` of the environment. */
  readonly searchPath: string
}

/**
 * The directory that a program is started in, and the executable that its command resolves to there.
 *
 * @since 0.1.0
 * @category constructors
 */
export const startOf = ({ root, searchPath }: Surroundings, { command, cwd = root, env }: Program) => ({
  cwd,
  file: which(command, cwd, env?.["PATH"] ?? searchPath)
})

/** Whether others on the network can read the traffic. */
const isUnencrypted = ({ hostname, protocol }: URL): boolean => protocol === "http:" && !isThisMachine(hostname)

/** The first three files, and how many more there are. */
const few = (files: ReadonlyArray<string>): string =>
  files.slice(0, 3).map(quotedWord).join(", ") + (files.length > 3 ? ` and ${files.length - 3} more` : "")

const unchecked = "files there can decide what runs, and you are not asked again when they change"

/**
 * Warnings about the parts of the workspace that influence what runs. Most programs search the directory they are started
 * in for configuration and code, so starting there is a risk for any program.
 */
const ofWorkspace = (at: Surroundings, server: Program, words: ReadonlyArray<string>): ReadonlyArray<string> => {
  const { root } = at
  const { cwd, file } = startOf(at, server)
  const values = Object.values(server.env ?? {})
  const general = leadsInto(root, cwd, ".")
    ? [`it starts in this workspace: ${unchecked}`]
    : reaches(root, cwd, file === undefined ? words : [...words, file]) || reaches(root, cwd, values)
      ? [`its arguments or variables refer to this workspace: ${unchecked}`]
      : []
  const whole = new Set([server.command, ...(server.args ?? [])])
  const programs = new Set(words.map(nameOf))
  return [
    ...general,
    ...named(root, cwd, [...whole]).map(
      ({ files, word }) => `${quotedWord(word)} names ${few(files)} in this workspace`
    ),
    ...(file === undefined ? [] : named(root, cwd, [file]))
      .filter(() => !server.command.includes("/"))
      .map(({ files }) => `${quotedWord(server.command)} is ${few(files)} in this workspace`),
    ...[...programs].flatMap((program) =>
      readFrom(root, cwd, program).map((file) => `${quotedWord(program)} reads ${quotedWord(file)} in this workspace`)
    )
  ]
}

/** A word and its parts: a program may be named within it, such as in `sh -c "npx server"`. */
const withParts = (word: string): ReadonlyArray<string> =>
  /\s/.test(word) ? [word].concat(word.split(/[\s;&|()<>"'`$]+/)) : [word]

const ofProgram = (at: Surroundings, server: Program): ReadonlyArray<string> => {
  const argv = [server.command, ...(server.args ?? [])]
  const words = argv.flatMap(withParts)
  const interpreter = words.findIndex((word) => interpreters.test(nameOf(word)))
  const given = interpreter < 0 ? undefined : words.slice(interpreter).find((word) => inline.test(word))
  return [
    ...unpinned(words).map(
      (name) => `${quotedWord(name)} names no exact version: the publisher of the next version decides what runs`
    ),
    ...(words.some((word) => shells.test(nameOf(word))) ? ["it is a shell: its arguments are a program"] : []),
    ...(given === undefined ? [] : [`${quotedWord(given)} gives it a program to run: read what follows`]),
    ...ofWorkspace(at, server, words),
    ...Object.entries(server.env ?? {}).flatMap(([name, value]) => {
      const danger = Variables.danger(name, value)
      return danger === undefined ? [] : [`${quotedWord(name)} ${danger}`]
    })
  ]
}

/**
 * Warnings for a person who decides whether to trust a project's server. Each is one line, whatever the project wrote.
 *
 * @since 0.1.0
 * @category constructors
 */
export const of = (at: Surroundings, config: McpServerConfig): ReadonlyArray<string> => [
  ...("url" in config
    ? isUnencrypted(new URL(config.url))
      ? ["its connection is not encrypted"]
      : []
    : ofProgram(at, config)),
  ...variables(config).map(
    ({ at, variable }) => `${quotedWord(at)} contains ${quotedWord(variable)}, which is not replaced by a value`
  )
]
