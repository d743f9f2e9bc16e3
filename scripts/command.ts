import { spawnSync } from "node:child_process"
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import process from "node:process"

const root = resolve(import.meta.dirname, "..")
const cli = join(root, "packages/cli")

export interface Command {
  /** The file that `parley` is, with everything it needs beside it. */
  readonly parley: string
  /** Where it keeps its compiled code; shared, as on a real machine. */
  readonly cache: string
  readonly remove: () => void
}

const at = (directory: string): Omit<Command, "remove"> => ({
  parley: join(directory, "bin/parley.mjs"),
  cache: join(directory, "cache")
})

/**
 * Builds the command as it is published, into a new directory or in place of what another build has left. A start of it costs
 * a third of one from source, and it is the real thing.
 */
export const buildCommand = (directory?: string): Command => {
  const to = directory ?? realpathSync(mkdtempSync(join(tmpdir(), "parley-command-")))
  const built = spawnSync(
    process.execPath,
    [
      join(root, "node_modules/rolldown/bin/cli.mjs"),
      "-c",
      "rolldown.config.ts",
      "--file",
      join(to, "dist/parley.mjs")
    ],
    { cwd: cli, encoding: "utf8" }
  )
  if (built.status !== 0) throw new Error(`cannot build the command: ${built.stderr}${built.stdout}`)
  // Other users run it too.
  chmodSync(to, 0o755)
  mkdirSync(join(to, "bin"), { recursive: true })
  copyFileSync(join(cli, "bin/parley.mjs"), join(to, "bin/parley.mjs"))
  copyFileSync(join(cli, "package.json"), join(to, "package.json"))
  return { ...at(to), remove: () => rmSync(to, { recursive: true, force: true }) }
}

/** Names the directory of a command that another process has built and will remove. */
export const commandVariable = "PARLEY_TEST_COMMAND"
const given = (): Command | undefined => {
  const directory = process.env[commandVariable]
  return directory === undefined ? undefined : { ...at(directory), remove: () => {} }
}

let command: Command | undefined

/** The command, built when it is first wanted. */
export const theCommand = (): Command => (command ??= given() ?? buildCommand())

export const removeCommand = (): void => {
  command?.remove()
  command = undefined
}

/** For Vitest: builds the command before the first test, for the processes of all tests, and removes it after the last. */
export default (): (() => void) => {
  process.env[commandVariable] = dirname(dirname(theCommand().parley))
  return removeCommand
}
