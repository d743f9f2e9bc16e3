import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import { isThisMachine } from "@parley/mcp/Hosts"
import { variables } from "@parley/workspace/ServerVariables"
import * as Host from "../internal/Host.ts"
import { leadsInto, which } from "../internal/Which.ts"
import { quotedWord } from "../Visible.ts"
import { named, reaches, readFrom } from "./Reach.ts"
import { nameOf, unpinned } from "./Unpinned.ts"
import * as Variables from "./Variables.ts"

type Program = Exclude<McpServerConfig, { readonly url: string }>

const shells = /^(?:ba|da|z|fi|k|c|tc|a)?sh$|^(?:cmd|powershell|pwsh)$/
const interpreters = /^(?:node|nodejs|bun|deno|tsx|ts-node|python[\d.]*|pypy[\d.]*|perl|ruby|php|lua[\d.]*|osascript)$/
/** What follows is a program in itself. */
const inline = /^-[a-z]*[ecpr]|^--(?:eval|print|command)(?:=|$)|^eval$/

/** The directory that a program is started in, and the file that its command stands for there. */
export const startOf = (root: string, { command, cwd = root, env }: Program) => ({
  cwd,
  file: which(command, cwd, env?.["PATH"] ?? Host.env["PATH"] ?? "")
})

/** Whether others on the way can read what is sent. */
const isUnencrypted = ({ hostname, protocol }: URL): boolean => protocol === "http:" && !isThisMachine(hostname)

/** The first of some files, and how many there are beside. */
const few = (files: ReadonlyArray<string>): string =>
  files.slice(0, 3).map(quotedWord).join(", ") + (files.length > 3 ? ` and ${files.length - 3} more` : "")

const unchecked = "files there can decide what runs, and you are not asked again when they change"

/** What of the workspace takes part. Whichever program is run: what it is started in is where most look for what to run. */
const ofWorkspace = (root: string, server: Program, words: ReadonlyArray<string>): ReadonlyArray<string> => {
  const { cwd, file } = startOf(root, server)
  const values = Object.values(server.env ?? {})
  const general = leadsInto(root, cwd, ".")
    ? [`it starts in this workspace: ${unchecked}`]
    : reaches(root, cwd, file === undefined ? words : [...words, file]) || reaches(root, cwd, values)
      ? [`what it is told leads into this workspace: ${unchecked}`]
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

/** A word, and what it is made of: a program may be named within it, such as in `sh -c "npx server"`. */
const withParts = (word: string): ReadonlyArray<string> =>
  /\s/.test(word) ? [word].concat(word.split(/[\s;&|()<>"'`$]+/)) : [word]

const ofProgram = (root: string, server: Program): ReadonlyArray<string> => {
  const argv = [server.command, ...(server.args ?? [])]
  const words = argv.flatMap(withParts)
  const interpreter = words.findIndex((word) => interpreters.test(nameOf(word)))
  const given = interpreter < 0 ? undefined : words.slice(interpreter).find((word) => inline.test(word))
  return [
    ...unpinned(words).map(
      (name) => `${quotedWord(name)} names no exact version: whoever publishes the next one decides what runs`
    ),
    ...(words.some((word) => shells.test(nameOf(word)))
      ? ["it is a shell: what it is given is a program of its own"]
      : []),
    ...(given === undefined ? [] : [`${quotedWord(given)} gives it a program to run: read what follows`]),
    ...ofWorkspace(root, server, words),
    ...Object.entries(server.env ?? {}).flatMap(([name, value]) => {
      const danger = Variables.danger(name, value)
      return danger === undefined ? [] : [`${quotedWord(name)} ${danger}`]
    })
  ]
}

/** What a person should know before they trust a server of a project. Each is one line, whatever the project says. */
export const of = (root: string, config: McpServerConfig): ReadonlyArray<string> => [
  ...("url" in config
    ? isUnencrypted(new URL(config.url))
      ? ["it is asked without encryption"]
      : []
    : ofProgram(root, config)),
  ...variables(config).map(
    ({ at, variable }) => `${quotedWord(at)} has ${quotedWord(variable)}, which nothing replaces`
  )
]
