// Writes the API documentation of the published packages to tools/docs/dist. Fails on any warning, such as an exported name
// without a docstring or a link that leads nowhere. Needs the declarations that `tsc -b` writes: they contain every type, so
// that reading them takes a third of the time that the sources would take.
// usage: pnpm docs [DIRECTORY]
import { join, relative, resolve } from "node:path"
import process from "node:process"
import { Application, Comment, LogLevel } from "typedoc"
import { publicModules } from "./packages.ts"
import { categories, missingTags } from "./tags.ts"

const root = resolve(import.meta.dirname, "../..")
const out = resolve(process.argv[2] ?? join(import.meta.dirname, "dist"))
const modules = publicModules(root)

const app = await Application.bootstrap({
  name: "Parley",
  entryPoints: modules.map(({ declarations }) => declarations),
  tsconfig: join(import.meta.dirname, "tsconfig.json"),
  compilerOptions: {
    paths: Object.fromEntries(modules.map(({ declarations, name }) => [name, [declarations]]))
  },
  basePath: root,
  readme: "none",
  logLevel: LogLevel.Warn,
  // There is no public repository yet that sources could be linked to.
  disableGit: true,
  disableSources: true,
  excludeExternals: true,
  excludePrivate: true,
  categorizeByGroup: false,
  categoryOrder: categories,
  packagesRequiringDocumentation: [...new Set(modules.map(({ name }) => name.split("/", 2).join("/")))],
  requiredToBeDocumented: ["Module", "Class", "Interface", "TypeAlias", "Variable", "Function"],
  validation: { invalidLink: true, invalidPath: false, notDocumented: true, notExported: false }
})

const project = await app.convert()
if (project !== undefined) {
  // A module is called by its path, without `/index`.
  const byPath = new Map(
    modules.map((module) => [relative(root, module.declarations).replace(/(\/index)?\.d\.ts$/, ""), module])
  )
  for (const reflection of project.children ?? []) {
    const module = byPath.get(reflection.name)
    if (module === undefined) throw new Error(`typedoc made an unknown module, ${reflection.name}`)
    reflection.name = module.name
    for (const problem of missingTags(reflection)) app.logger.warn(problem)
    if (module.about !== "") reflection.comment = new Comment([{ kind: "text", text: module.about }])
  }
  app.validate(project)
  if (!app.logger.hasErrors() && !app.logger.hasWarnings()) {
    await app.generateDocs(project, out)
    console.log(`${modules.length} modules: ${out}`)
  }
}
if (project === undefined || app.logger.hasErrors() || app.logger.hasWarnings()) process.exitCode = 1
