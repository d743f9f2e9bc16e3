import { execFile } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { promisify } from "node:util"

const run = promisify(execFile)
const npm = process.platform === "win32" ? "npm.cmd" : "npm"

/** Installs npm packages (`name@version`) into a directory. Install scripts are not run. */
export const install = async (directory: string, ...packages: ReadonlyArray<string>): Promise<void> => {
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, "package.json"), '{ "private": true }\n')
  await run(npm, ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel", "error", ...packages], {
    cwd: directory,
    maxBuffer: 64 * 1024 * 1024
  })
}

/** The newest version in a range such as `24`. */
export const newest = async (name: string, range: string): Promise<string> => {
  const { stdout } = await run(npm, ["view", `${name}@${range}`, "version", "--json"])
  const found: unknown = JSON.parse(stdout)
  const versions = (Array.isArray(found) ? found : [found]).filter((version) => typeof version === "string")
  const parts = (version: string) => version.split(".").map(Number)
  const later = (a: string, b: string) => {
    const [left, right] = [parts(a), parts(b)]
    const at = left.findIndex((part, i) => part !== right[i])
    return (left[at] ?? 0) - (right[at] ?? 0)
  }
  return versions.toSorted(later).at(-1) ?? range
}

const system = process.platform === "win32" ? "win" : process.platform

/** The npm package that contains the binary of Node for this system. */
export const nodePackage = `${system === "darwin" && process.arch === "arm64" ? "node-bin" : "node"}-${system}-${process.arch}`

/** Installs a version of Node into a directory and returns the path of its binary. */
export const installNode = async (directory: string, version: string): Promise<string> => {
  await install(directory, `${nodePackage}@${version}`)
  return join(directory, "node_modules", nodePackage, system === "win" ? "bin/node.exe" : "bin/node")
}
