import { spawnSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { delimiter, join, resolve } from "node:path"
import process from "node:process"

const root = resolve(import.meta.dirname, "..")

/** The packages that are published. */
export const packages = (): ReadonlyArray<string> =>
  readdirSync(join(root, "packages")).filter(
    (name) => JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8")).private !== true
  )

/** Runs a program of the workspace and ends this one when it fails. */
export const run = (command: string, args: ReadonlyArray<string>, cwd = root): void => {
  const started = performance.now()
  console.log(`\n> ${command} ${args.join(" ")}`)
  const path = `${join(root, "node_modules/.bin")}${delimiter}${process.env["PATH"] ?? ""}`
  const { error, status } = spawnSync(command, args, { cwd, stdio: "inherit", env: { ...process.env, PATH: path } })
  if (error !== undefined) console.error(error.message)
  if (status !== 0) process.exit(status ?? 1)
  console.log(`  ${((performance.now() - started) / 1000).toFixed(1)} s`)
}
