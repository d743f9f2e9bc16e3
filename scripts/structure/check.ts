import { basename, dirname, posix } from "node:path"
import { dependencies, folders } from "./rules.ts"

/** The text of each source file, by its path from the root of the repository. */
export type Sources = ReadonlyMap<string, string>

const specifiers = /(?:from|import) ?\(?\s*"(\.[^"]+|@parley\/[^"]+)"/g

const nameOf = (file: string): string => basename(file, ".ts")

/** Modules by package and name. Packages name each other's modules without their folders: see `exports` in package.json. */
const byName = (sources: Sources): ReadonlyMap<string, string> =>
  new Map([...sources.keys()].map((file) => [`${placeOf(file).name}/${nameOf(file)}`, file]))

/** The files of this repository that each file imports, types included. */
const importsOf = (sources: Sources): ReadonlyMap<string, ReadonlyArray<string>> => {
  const modules = byName(sources)
  const targetOf = (file: string, specifier: string): string | undefined => {
    const [, name = "", module = "index"] = /^@parley\/([^/]+)(?:\/(.+))?$/.exec(specifier) ?? []
    return specifier.startsWith(".") ? posix.join(dirname(file), specifier) : modules.get(`${name}/${module}`)
  }
  return new Map(
    [...sources].map(([file, text]) => [
      file,
      [...text.matchAll(specifiers)].flatMap(([, specifier = ""]) => {
        const target = targetOf(file, specifier)
        return target !== undefined && sources.has(target) ? [target] : []
      })
    ])
  )
}

/** Splits `packages/NAME/src/FOLDER/…` into package and folder. */
const placeOf = (file: string): { readonly name: string; readonly folder: string } => {
  const [, name = "", folder = ""] = /^packages\/([^/]+)\/src\/(?:(.+)\/)?[^/]+$/.exec(file) ?? []
  return { name, folder }
}

const rankOf = ({ folder, name }: { readonly name: string; readonly folder: string }): number =>
  folder === "" ? Infinity : (folders[name]?.indexOf(folder) ?? -1)

/** Groups of files that import each other in a circle (Tarjan's algorithm). */
export const cycles = (imports: ReadonlyMap<string, ReadonlyArray<string>>): ReadonlyArray<ReadonlyArray<string>> => {
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: Array<string> = []
  const found: Array<ReadonlyArray<string>> = []
  const visit = (file: string): number => {
    const own = index.size
    index.set(file, own)
    low.set(file, own)
    stack.push(file)
    for (const to of imports.get(file) ?? []) {
      const reached = index.has(to) ? (stack.includes(to) ? (index.get(to) ?? own) : own) : visit(to)
      low.set(file, Math.min(low.get(file) ?? own, reached))
    }
    if (low.get(file) === own) {
      const group = stack.splice(stack.indexOf(file))
      if (group.length > 1 || (imports.get(file) ?? []).includes(file)) found.push(group)
    }
    return low.get(file) ?? own
  }
  for (const file of imports.keys()) if (!index.has(file)) visit(file)
  return found
}

/** The violations of the structure of the packages' sources, one sentence each. */
export const violations = (sources: Sources): ReadonlyArray<string> => {
  const imports = importsOf(sources)
  const found: Array<string> = []
  const names = Map.groupBy(sources.keys(), nameOf)
  for (const [name, files] of names)
    if (files.length > 1 && name !== "index") found.push(`these modules have one name: ${files.join(", ")}`)
  for (const file of sources.keys()) {
    const from = placeOf(file)
    if (rankOf(from) < 0) found.push(`${file}: the folder is not in scripts/structure/rules.ts`)
    for (const target of imports.get(file) ?? []) {
      const to = placeOf(target)
      if (to.name === from.name) {
        if (to.folder !== from.folder && rankOf(to) > rankOf(from))
          found.push(`${file} imports ${target}: ${to.folder || "the package's root"} comes after ${from.folder}`)
      } else if (dependencies[from.name]?.includes(to.name) !== true)
        found.push(`${file} imports ${target}: ${from.name} must not depend on ${to.name}`)
    }
  }
  return [...found, ...cycles(imports).map((group) => `these files import each other: ${group.join(", ")}`)]
}
