// Finds the packages in the command's bundle: those of its modules, and those that a module was itself bundled from.
import { existsSync, readFileSync } from "node:fs"
import { dirname, join, relative, sep } from "node:path"

/** `version` is unknown for code that a package copied into itself. */
export interface Package {
  readonly name: string
  readonly version?: string
  /** Its directory, unless it is inside of another package. */
  readonly dir?: string
  /** Its modules in the bundle, as absolute paths. */
  readonly modules: ReadonlyArray<string>
}

export const titleOf = ({ name, version }: Pick<Package, "name" | "version">): string =>
  version === undefined ? name : `${name}@${version}`

const pathOf = (id: string): string => id.replace(/^\0/, "").replace(/\?.*$/s, "")

interface Manifest {
  readonly name: string
  readonly version: string
}

/** The nearest package.json with a name. Those without one, inside a package, only declare the module type of its files. */
const owner = (path: string): { readonly dir: string; readonly manifest: Manifest } | undefined => {
  for (let dir = dirname(path); dir !== dirname(dir); dir = dirname(dir)) {
    const file = join(dir, "package.json")
    if (!existsSync(file)) continue
    const { name, version } = JSON.parse(readFileSync(file, "utf8"))
    if (typeof name === "string" && typeof version === "string") return { dir, manifest: { name, version } }
  }
  return undefined
}

/** Comments in which bundlers write the origin of the code below. The directories of pnpm contain the version. */
const origins =
  /^\s*\/\/\s*(?:#region\s+)?(?:\.{1,2}\/)*node_modules\/(?:\.pnpm\/([^/\s]+)\/node_modules\/)?((?:@[^/\s]+\/)?[^/\s]+)\//gm

/** Common names of directories into which packages copy other packages. */
const copies = /(?:^|[\\/])_?(?:vendor(?:ed)?|third[-_]party)[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/i

const copiedFrom = (path: string, dir: string): Pick<Package, "name"> | undefined => {
  const name = copies.exec(relative(dir, path))?.[1]?.replaceAll("\\", "/")
  return name === undefined ? undefined : { name }
}

/** The other packages whose code a module contains. */
const inside = (path: string, dir: string): ReadonlyArray<Pick<Package, "name" | "version">> => {
  const copied = copiedFrom(path, dir)
  const bundled = [...readFileSync(path, "utf8").matchAll(origins)].map(([, store, name = ""]) => {
    const version = /^@?[^@]+@([^_(]+)/.exec(store ?? "")?.[1]
    return version === undefined ? { name } : { name, version }
  })
  return copied === undefined ? bundled : [...bundled, copied]
}

/**
 * The packages of a bundle's modules, sorted by name, without those below `own`. Throws if the package of a module cannot be
 * determined.
 */
export const packagesOf = (modules: ReadonlyArray<string>, own: string, bundler: string): ReadonlyArray<Package> => {
  const found = new Map<string, Package>()
  const add = (entry: Omit<Package, "modules">, module?: string) => {
    const key = titleOf(entry)
    const modules = [...(found.get(key)?.modules ?? []), ...(module === undefined ? [] : [module])]
    found.set(key, { ...found.get(key), ...entry, modules })
  }
  for (const id of modules) {
    // The bundler's own helpers, which have no file.
    const helper = id.startsWith("\0rolldown/")
    const path = helper ? join(bundler, "package.json") : pathOf(id)
    const of = existsSync(path) ? owner(path) : undefined
    if (of === undefined) throw new Error(`The bundle holds a module of no package: ${JSON.stringify(id)}`)
    const { dir, manifest } = of
    if (!relative(own, path).startsWith("..") && !path.split(sep).includes("node_modules")) {
      // What this project has copied from others is in directories named after them.
      const copied = copiedFrom(path, dir)
      if (copied !== undefined) add(copied)
      continue
    }
    add({ ...manifest, dir }, helper ? undefined : path)
    if (!helper) for (const other of inside(path, dir)) add(other)
  }
  return [...found.values()].sort((a, b) => titleOf(a).localeCompare(titleOf(b), "en"))
}
