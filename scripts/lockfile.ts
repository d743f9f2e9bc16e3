// Checks that an install gives the same bytes everywhere and runs no install scripts. Part of `pnpm verify`.
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import process from "node:process"

const section = (lockfile: string, name: string): ReadonlyArray<string> => {
  const [, rest = ""] = lockfile.split(`\n${name}:\n`)
  return (rest.split(/\n(?=\S)/, 1)[0] ?? "").split("\n")
}

const isKey = /^ {2}'?([^\s'].*?)'?:(?: \{\})?$/
const resolution = /^ {4}resolution: \{integrity: sha512-[A-Za-z0-9+/]{86}==\}$/
/** Removes the peers and patches from a resolved version such as `name@1.0.0(peer@2.0.0)`. */
const plain = (key: string): string => key.replace(/\(.*$/s, "")

/**
 * Entries of a pnpm lockfile that do not determine the installed bytes, or that bind them to one registry. Each package must
 * be identified by version and sha512 only.
 */
export const lockfileProblems = (lockfile: string): ReadonlyArray<string> => {
  const packages = new Map<string, ReadonlyArray<string>>()
  let lines: Array<string> = []
  for (const line of section(lockfile, "packages")) {
    const key = isKey.exec(line)?.[1]
    if (key === undefined) lines.push(line)
    else packages.set(key, (lines = []))
  }
  const snapshots = section(lockfile, "snapshots").flatMap((line) => isKey.exec(line)?.[1] ?? [])
  return [
    ...(packages.size === 0 || snapshots.length === 0 ? ["it is not one that this check can read"] : []),
    ...[...packages].flatMap(([key, own]) => {
      const resolutions = own.filter((line) => line.includes("resolution:"))
      return resolutions.length === 1 && resolution.test(resolutions[0] ?? "")
        ? []
        : [`${key} is not pinned by a sha512`]
    }),
    ...snapshots.filter((key) => !packages.has(plain(key))).map((key) => `${key} is used and not pinned`),
    ...lockfile
      .split("\n")
      .flatMap((line) => (/:\/\/|git@[^:\s']+:\S/.test(line) ? [`it names a host: ${line.trim()}`] : []))
  ]
}

interface Manifest {
  readonly name: string
  readonly scripts?: { readonly [name: string]: string }
  readonly dependencies?: { readonly [name: string]: string }
  readonly optionalDependencies?: { readonly [name: string]: string }
  readonly peerDependencies?: { readonly [name: string]: string }
}
const manifestOf = (dir: string): Manifest => JSON.parse(readFileSync(join(dir, "package.json"), "utf8"))

/** Resolves a package as Node does. Undefined if it is for another platform, or optional and not installed. */
const installed = (name: string, from: string): string | undefined => {
  for (let dir = from; dir !== dirname(dir); dir = dirname(dir)) {
    const path = join(dir, "node_modules", name)
    if (existsSync(path)) return realpathSync(path)
  }
  return undefined
}

/** The dependencies of the published packages that run a program during installation. */
export const installScripts = (published: ReadonlyArray<string>): ReadonlyArray<string> => {
  const seen = new Set<string>()
  const running: Array<string> = []
  const visit = (dir: string) => {
    if (seen.has(dir)) return
    seen.add(dir)
    const { dependencies, name, optionalDependencies, peerDependencies, scripts } = manifestOf(dir)
    const found = ["preinstall", "install", "postinstall"].filter((script) => scripts?.[script] !== undefined)
    // npm runs node-gyp for packages with a binding.gyp, even without an install script.
    if (existsSync(join(dir, "binding.gyp"))) found.push("binding.gyp")
    running.push(...found.map((what) => `${name} runs a program when it is installed: ${what}`))
    for (const other of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
      const path = installed(other, dir)
      if (path !== undefined) visit(path)
    }
  }
  for (const dir of published) visit(realpathSync(dir))
  return running
}

if (import.meta.main) {
  const root = resolve(import.meta.dirname, "..")
  const published = readdirSync(join(root, "packages")).map((name) => join(root, "packages", name))
  const problems = [
    ...lockfileProblems(readFileSync(join(root, "pnpm-lock.yaml"), "utf8")).map((what) => `pnpm-lock.yaml: ${what}`),
    ...installScripts(published)
  ]
  for (const problem of problems) console.error(problem)
  process.exitCode = problems.length === 0 ? 0 : 1
}
