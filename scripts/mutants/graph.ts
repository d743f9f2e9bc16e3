import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"

/** TypeScript files below directories of the repository, by their paths from its root. */
export const filesBelow = (root: string, ...directories: ReadonlyArray<string>): ReadonlyArray<string> =>
  directories.flatMap((directory) =>
    readdirSync(join(root, directory), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !/node_modules|(^|\/)dist\//.test(name))
      .map((name) => join(directory, name))
  )

const specifiers = /(?:from|import) ?\(?"(\.[^"]+|@parley\/[^"]+)"/g

/** Which files each file imports, types included. */
const imports = (root: string): ReadonlyMap<string, ReadonlyArray<string>> =>
  new Map(
    filesBelow(root, "packages", "examples", "faults", "scripts").map((file) => {
      const to = [...readFileSync(join(root, file), "utf8").matchAll(specifiers)].flatMap(([, specifier = ""]) => {
        const [, name = "", module = "index"] = /^@parley\/([^/]+)(?:\/(.+))?$/.exec(specifier) ?? []
        const path = specifier.startsWith(".")
          ? relative(root, join(root, dirname(file), specifier))
          : `packages/${name}/src/${module}.ts`
        return existsSync(join(root, path)) ? [path] : []
      })
      return [file, to]
    })
  )

/** The test files of a project that reach a source by their imports, those on the shortest way first. */
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
