import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"

/** TypeScript files below a directory. Packages link to each other below `node_modules`, so that is never entered. */
const below = (root: string, directory: string): ReadonlyArray<string> =>
  readdirSync(join(root, directory), { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) return ["node_modules", "dist"].includes(entry.name) ? [] : below(root, path)
    return entry.name.endsWith(".ts") ? [path] : []
  })

/** TypeScript files below directories of the repository, by their paths from its root. */
export const filesBelow = (root: string, ...directories: ReadonlyArray<string>): ReadonlyArray<string> =>
  directories.flatMap((directory) => below(root, directory))

const specifiers = /(?:from|import) ?\(?"(\.[^"]+|@parley\/[^"]+)"/g

/** Which files each file imports, types included. Packages name each other's modules without their folders. */
const imports = (root: string): ReadonlyMap<string, ReadonlyArray<string>> => {
  const files = filesBelow(root, "packages", "examples", "faults", "scripts")
  const modules = new Map(
    files.flatMap((file) => {
      const [, name, module] = /^packages\/([^/]+)\/src\/(?:.+\/)?([^/]+)\.ts$/.exec(file) ?? []
      return name === undefined ? [] : [[`${name}/${module}`, file]]
    })
  )
  return new Map(
    files.map((file) => {
      const to = [...readFileSync(join(root, file), "utf8").matchAll(specifiers)].flatMap(([, specifier = ""]) => {
        const [, name = "", module = "index"] = /^@parley\/([^/]+)(?:\/(.+))?$/.exec(specifier) ?? []
        const path = specifier.startsWith(".")
          ? relative(root, join(root, dirname(file), specifier))
          : modules.get(`${name}/${module}`)
        return path !== undefined && existsSync(join(root, path)) ? [path] : []
      })
      return [file, to]
    })
  )
}

/** The test files of a project that import a source directly or indirectly, shortest import chains first. */
export const testsOf = (root: string, source: string, project: string): ReadonlyArray<string> => {
  const importers = new Map<string, Array<string>>()
  for (const [file, to] of imports(root))
    for (const path of to) importers.set(path, [...(importers.get(path) ?? []), file])
  const distance = new Map([[source, 0]])
  for (const file of distance.keys())
    for (const importer of importers.get(file) ?? [])
      if (!distance.has(importer)) distance.set(importer, (distance.get(file) ?? 0) + 1)
  const directory = ["examples", "faults"].includes(project) ? `${project}/` : `packages/${project}/`
  return [...distance]
    .filter(([file]) => file.endsWith(".test.ts") && file.startsWith(directory))
    .sort(([, a], [, b]) => a - b)
    .map(([file]) => file)
}
