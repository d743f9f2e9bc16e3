import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

/** A public module, and what its package's README says of it. */
export interface PublicModule {
  /** As it is imported, such as `@parley/domain/Content`. */
  readonly name: string
  /** The path of its declarations, which the build writes. */
  readonly declarations: string
  /** Empty if the README does not list the module. */
  readonly about: string
}

interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly publishConfig?: { readonly exports?: { readonly [key: string]: string } }
}

/** The text between a README's heading and what follows it. */
const introduction = (page: string): string => /^# .*\n\n([\s\S]*?)\n\n/.exec(page)?.[1] ?? ""

/** The rows of a README's table of modules. A row may describe several modules. */
const rows = (page: string): ReadonlyMap<string, string> =>
  new Map(
    [...page.matchAll(/^\| (`\w+`(?:, `\w+`)*) +\| (\S.*?) +\|$/gm)].flatMap(([, names = "", about = ""]) =>
      [...names.matchAll(/\w+/g)].map(([name]) => [name, `${about}.`] as const)
    )
  )

/** The public modules of the published packages. The module of the package itself is described by its introduction. */
export const publicModules = (root: string): ReadonlyArray<PublicModule> =>
  readdirSync(join(root, "packages")).flatMap((directory) => {
    const path = (...parts: ReadonlyArray<string>) => join(root, "packages", directory, ...parts)
    const { name, private: isPrivate, publishConfig }: Manifest = JSON.parse(readFileSync(path("package.json"), "utf8"))
    const exports = publishConfig?.exports
    if (isPrivate === true || exports === undefined) return []
    const page = readFileSync(path("README.md"), "utf8")
    const about = rows(page)
    return Object.entries(exports)
      .filter(([key]) => key !== "./package.json")
      .map(([key, file]) => ({
        name: name + key.slice(1),
        declarations: path(file.replace(/\.js$/, ".d.ts")),
        about: key === "." ? introduction(page) : (about.get(key.slice(2)) ?? "")
      }))
  })
