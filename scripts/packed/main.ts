// Packs every package, installs the packages in empty applications with npm and pnpm, and uses them as a new user would:
// imports every public module, checks the types of an application, runs the examples, and runs the installed command.
// usage: pnpm packed [VERSION]...; needs `pnpm build`
// Runs everything with this version of Node, and with the given versions, such as the oldest that is supported.
import { execFile } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { delimiter, dirname, join, resolve } from "node:path"
import process from "node:process"
import { parseArgs, promisify } from "node:util"
import { installNode } from "../installed.ts"
import { packages } from "../run.ts"
import { all, start, stop, text } from "../../packages/harness/src/provider/wire.ts"
import { answersThroughOllama } from "./ollama.ts"
import { application, managers, publicModules, type Tarball, writeSources } from "./projects.ts"

const { positionals } = parseArgs({ allowPositionals: true })
const root = resolve(import.meta.dirname, "../..")
const work = mkdtempSync(join(tmpdir(), "parley-packed-"))
const run = promisify(execFile)
const nodes = [process.execPath]
for (const version of positionals) nodes.push(await installNode(join(work, version), version))

const pack = async (name: string): Promise<Tarball> => {
  const directory = join(root, "packages", name)
  const path = join(work, `${name}.tgz`)
  await run("npx", ["-y", "pnpm@12.21.0", "pack", "--out", path], { cwd: directory })
  return { name: JSON.parse(readFileSync(join(directory, "package.json"), "utf8")).name, path }
}

/** A Messages API that gives the same answer to every request. */
const model = createServer((_, out) => {
  out.setHeader("content-type", "text/event-stream")
  out.end(all(start(), ...text(0, "Twelve apples are left."), ...stop("end_turn")))
})
await new Promise<void>((listening) => model.listen(0, "127.0.0.1", listening))
const bound = model.address()
if (bound === null || typeof bound === "string") throw new Error("the model listens on no port")
const modelAddress = `http://127.0.0.1:${bound.port}`

/** Each example, and what it must print. */
const examples: { readonly [file: string]: RegExp } = {
  "compose.ts": /Hello/,
  "functions.ts": /Twelve apples are left, and three more will come/,
  "provider.ts": /GOOD MORNING!/,
  "recording.ts": /(\d+) of \1 steps are equal/,
  "sqlite.ts": /RoundCompleted/
}

/** Runs a program and fails if it does not print the expected text, or prints a warning. */
const expect = async (
  what: string,
  file: string,
  args: ReadonlyArray<string>,
  cwd: string,
  node: string,
  expected: RegExp
): Promise<void> => {
  const home = join(cwd, "home")
  mkdirSync(home, { recursive: true })
  const env = {
    HOME: home,
    PATH: `${dirname(node)}${delimiter}${process.env["PATH"] ?? ""}`,
    ANTHROPIC_API_KEY: "sk-ant-none",
    ANTHROPIC_BASE_URL: modelAddress
  }
  const { stderr, stdout } = await run(file, args, { cwd, env, timeout: 60_000 })
  // Versions from 23.6 to 24.2 warn when they run TypeScript. That is about the example's language and not about Parley.
  const warnings = stderr.replaceAll(/^.*(?:Type Stripping|--trace-warnings).*$/gm, "")
  if (!expected.test(stdout) || /warning/i.test(warnings))
    throw new Error(`${what} did not print ${expected}:\n${stdout}\n${stderr}`)
  console.log(`  ${what}: ${expected.exec(stdout)?.[0]}`)
}

try {
  const tarballs = await Promise.all(packages().map(pack))
  const libraries = tarballs.filter(({ name }) => name !== "@parley/cli")
  for (const manager of managers) {
    const directory = join(work, manager)
    await application(directory, manager, libraries)
    const modules = publicModules(directory, libraries)
    writeSources(directory, modules)
    console.log(`${manager}: ${libraries.length} packages, ${modules.length} public modules`)
    for (const resolution of ["nodenext", "bundler"]) {
      const checked = run(join(root, "node_modules/.bin/tsc"), ["-p", `tsconfig.${resolution}.json`], {
        cwd: directory
      })
      await checked.catch((error: { readonly stdout: string }) => {
        throw new Error(`types under ${resolution}:\n${error.stdout}`)
      })
      console.log(`  types under ${resolution}, with skipLibCheck: false: no problem`)
    }
    for (const node of nodes) {
      const { stdout: version } = await run(node, ["--version"])
      const importsAll = `const { every } = await import("./every.ts"); console.log(every.length, "modules")`
      const args = ["--input-type=module", "--eval", importsAll]
      await expect(`Node ${version.trim()}`, node, args, directory, node, new RegExp(`${modules.length} modules`))
      for (const [file, expected] of Object.entries(examples))
        await expect(`  ${file}`, node, [file], directory, node, expected)
    }
  }
  const prefix = join(work, "global")
  const command = tarballs.find(({ name }) => name === "@parley/cli")?.path ?? ""
  await run("npm", ["install", "--global", "--prefix", prefix, "--no-audit", "--no-fund", command])
  const [binary = ""] = readdirSync(join(prefix, "bin")).map((name) => join(prefix, "bin", name))
  for (const node of nodes)
    await expect("npm i -g, parley run", binary, ["run", "Hello"], prefix, node, /Twelve apples are left/)
  for (const node of nodes)
    console.log(`  npm i -g, parley run --model ollama/small: ${await answersThroughOllama(binary, prefix, node)}`)
} finally {
  model.close()
  rmSync(work, { recursive: true, force: true })
}
