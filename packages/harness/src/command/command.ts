import { spawnSync } from "node:child_process"
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import process from "node:process"

const root = resolve(import.meta.dirname, "../../../..")
const cli = join(root, "packages/cli")

export interface Command {
  /** The path of the `parley` program. Everything it needs is in the same directory. */
  readonly parley: string
  /** The directory of its compile cache. It is shared between runs, as on a real machine. */
  readonly cache: string
  readonly remove: () => void
}

const at = (directory: string): Omit<Command, "remove"> => ({
  parley: join(directory, "bin/parley.mjs"),
  cache: join(directory, "cache")
})

/**
 * Builds the command as it is published, into a new directory, or into `directory`, replacing an earlier build. The built
 * command starts three times as fast as one run from source, and it is the program that users run.
 */
export const buildCommand = (directory?: string): Command => {
  const to = directory ?? realpathSync(mkdtempSync(join(tmpdir(), "parley-command-")))
  const built = spawnSync(
    process.execPath,
    [join(root, "node_modules/rolldown/bin/cli.mjs"), "-c", "rolldown.config.ts", "--dir", join(to, "dist/command")],
    { cwd: cli, encoding: "utf8" }
  )
  if (built.status !== 0) throw new Error(`cannot build the command: ${built.stderr}${built.stdout}`)
  // Some tests run it as another user.
  chmodSync(to, 0o755)
  mkdirSync(join(to, "bin"), { recursive: true })
  copyFileSync(join(cli, "bin/parley.mjs"), join(to, "bin/parley.mjs"))
  copyFileSync(join(cli, "package.json"), join(to, "package.json"))
  return { ...at(to), remove: () => rmSync(to, { recursive: true, force: true }) }
}

/** The environment variable with the directory of a command that another process has built and will remove. */
export const commandVariable = "PARLEY_TEST_COMMAND"
const given = (): Command | undefined => {
  const directory = process.env[commandVariable]
  return directory === undefined ? undefined : { ...at(directory), remove: () => {} }
}

let command: Command | undefined

/** The command. It is built on first use. */
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
