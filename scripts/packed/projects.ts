import { execFile } from "node:child_process"
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { promisify } from "node:util"

const run = promisify(execFile)
const root = resolve(import.meta.dirname, "../..")
export const managers = ["npm", "pnpm"] as const
export type Manager = (typeof managers)[number]

/** A packed package: its name and the path of its tarball. */
export interface Tarball {
  readonly name: string
  readonly path: string
}

const catalog = (name: string): string => {
  const text = readFileSync(join(root, "pnpm-workspace.yaml"), "utf8")
  const [, version] = new RegExp(`^  "?${name}"?: (\\S+)$`, "m").exec(text) ?? []
  if (version === undefined) throw new Error(`the catalog has no ${name}`)
  return version
}

const installWith: { readonly [M in Manager]: ReadonlyArray<string> } = {
  npm: ["npm", "install", "--no-audit", "--no-fund", "--loglevel", "error"],
  pnpm: ["npx", "-y", "pnpm@12.21.0", "install", "--reporter", "silent"]
}

/** Makes an empty application, installs the packages in it as a new user would, and copies the examples into it. */
export const application = async (
  directory: string,
  manager: Manager,
  tarballs: ReadonlyArray<Tarball>
): Promise<void> => {
  const packed = Object.fromEntries(tarballs.map(({ name, path }) => [name, `file:${path}`]))
  mkdirSync(directory, { recursive: true })
  const dependencies = {
    ...packed,
    effect: catalog("effect"),
    "@effect/platform-node": catalog("@effect/platform-node")
  }
  const devDependencies = { "@types/node": "^26" }
  writeFileSync(
    join(directory, "package.json"),
    JSON.stringify({ name: "application", private: true, type: "module", dependencies, devDependencies })
  )
  // A registry would supply the packages that these packages require; here each is named once for all of them.
  const overrides = Object.entries(packed).map(([name, path]) => `  "${name}": "${path}"\n`)
  if (manager === "pnpm") writeFileSync(join(directory, "pnpm-workspace.yaml"), `overrides:\n${overrides.join("")}`)
  const [command = "", ...args] = installWith[manager]
  await run(command, args, { cwd: directory, maxBuffer: 64 * 1024 * 1024 })
  cpSync(join(root, "examples"), directory, {
    recursive: true,
    filter: (from) => from === join(root, "examples") || /^\w+\.ts$/.test(from.slice(join(root, "examples").length + 1))
  })
}

/** Every public module of the installed packages, such as `@parley/domain/Content`. */
export const publicModules = (directory: string, tarballs: ReadonlyArray<Tarball>): ReadonlyArray<string> =>
  tarballs.flatMap(({ name }) => {
    const { exports } = JSON.parse(readFileSync(join(directory, "node_modules", name, "package.json"), "utf8"))
    return Object.keys(exports ?? {})
      .filter((key) => key !== "./package.json")
      .map((key) => name + key.slice(1))
  })

/** An application that imports every public module, and its settings for one way of resolving modules. */
export const writeSources = (directory: string, modules: ReadonlyArray<string>): void => {
  const imports = modules.map((module, i) => `import * as M${i} from "${module}"\n`)
  const names = modules.map((_, i) => `M${i}`)
  writeFileSync(join(directory, "every.ts"), `${imports.join("")}export const every = [${names.join(", ")}]\n`)
  for (const [name, resolution] of [
    ["nodenext", { module: "nodenext" }],
    ["bundler", { module: "esnext", moduleResolution: "bundler" }]
  ] as const) {
    const compilerOptions = {
      ...resolution,
      target: "es2024",
      lib: ["es2024", "dom", "dom.iterable"],
      types: ["node"],
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
      allowImportingTsExtensions: true
    }
    const include = readdirSync(directory).filter((file) => file.endsWith(".ts"))
    writeFileSync(join(directory, `tsconfig.${name}.json`), JSON.stringify({ compilerOptions, include }))
  }
}
