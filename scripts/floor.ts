// Installs old and new versions of Node from npm and runs the published form of the command with each. Unsupported versions
// must be refused.
// usage: pnpm floor [--write] [--short] [VERSION...]; needs `pnpm build`
// Without versions: the oldest and newest supported ones, and some unsupported ones. --short: only the oldest supported one,
// with the built command instead of the packed one.
// With --write the table goes to docs/evidence/node-versions.md.
import { execFile } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { cpus, release, tmpdir, type } from "node:os"
import { delimiter, dirname, join, resolve } from "node:path"
import process from "node:process"
import { parseArgs, promisify } from "node:util"
import { installNode, newest, nodePackage } from "./installed.ts"

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { write: { type: "boolean", default: false }, short: { type: "boolean", default: false } }
})
const root = resolve(import.meta.dirname, "..")
const evidence = join(root, "docs/evidence/node-versions.md")
const everything = join(root, "packages/mcp/node_modules/@modelcontextprotocol/server-everything/dist/index.js")
const work = mkdtempSync(join(tmpdir(), "parley-floor-"))

interface Ended {
  readonly code: unknown
  readonly stdout: string
  readonly stderr: string
}
const start = (file: string, args: ReadonlyArray<string>, cwd: string, env: NodeJS.ProcessEnv) =>
  new Promise<Ended>((done) => {
    const child = execFile(file, args, { cwd, env, timeout: 60_000 }, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : (error.code ?? error.signal), stdout, stderr })
    )
    child.stdin?.end()
  })

/** The command, packed as a registry would deliver it. */
const packed = async (): Promise<string> => {
  const cli = join(root, "packages/cli")
  await promisify(execFile)("npx", ["-y", "pnpm@12.21.0", "pack", "--out", join(work, "cli.tgz")], { cwd: cli })
  await promisify(execFile)("tar", ["-xzf", join(work, "cli.tgz"), "-C", work])
  return join(work, "package/bin/parley.mjs")
}

const nodeOf = (version: string): Promise<string> => installNode(join(work, version), version)

/** A home, a workspace with one file, and a real MCP server that runs on the same Node. */
const place = (node: string) => {
  const home = mkdtempSync(join(work, "home-"))
  mkdirSync(join(home, ".config/parley"), { recursive: true, mode: 0o700 })
  mkdirSync(join(home, "ws"))
  writeFileSync(join(home, "ws/notes.txt"), "a note\n")
  const config = { mcpServers: { everything: { command: node, args: [everything] } }, permissions: { "*": "allow" } }
  writeFileSync(join(home, ".config/parley/config.json"), JSON.stringify(config), { mode: 0o600 })
  const env = { HOME: home, PATH: `${dirname(node)}${delimiter}${process.env["PATH"] ?? ""}` }
  return { cwd: join(home, "ws"), env }
}

interface Step {
  readonly args: ReadonlyArray<string>
  /** What standard output must match. */
  readonly says: RegExp
}
const steps: ReadonlyArray<Step> = [
  { args: ["run", "List the files here"], says: /^There is 1 entry: notes\.txt$/m },
  { args: ["sessions", "list"], says: /^ses_\w+ .* 1 round +List the files here$/m },
  { args: ["sessions", "show", "SESSION"], says: /List the files here[^]*notes\.txt[^]*There is 1 entry/ },
  { args: ["run", "-c", "read notes.txt"], says: /a note/ },
  { args: ["sessions", "list"], says: / 2 rounds /m },
  { args: ["mcp", "list"], says: /^everything: \d+ tools/m },
  { args: ["context"], says: /^=== system$/m }
]

/** A third-party program that stores its sessions with our store and causes two experimental warnings itself. */
const application = join(root, "packages/store/test/support/application.ts")
const inApplication = async (node: string): Promise<ReadonlyArray<string>> => {
  const { cwd, env } = place(node)
  const { stderr, stdout } = await start(node, [application, join(cwd, "sessions.db")], cwd, env)
  const own = stderr.match(/^.*ExperimentalWarning:.* program.*$/gm)?.length ?? 0
  const right =
    stdout === "1 session, emitWarning kept\n" && own === 2 && !stderr.includes("SQLite is an experimental feature")
  return right ? [] : [`another program with the store: ${JSON.stringify({ stdout, stderr })}`]
}

/** The problems of all steps. */
const trial = async (node: string, parley: string): Promise<ReadonlyArray<string>> => {
  const { cwd, env } = place(node)
  const problems: Array<string> = []
  let session = ""
  for (const { args, says } of steps) {
    const command = args.map((arg) => (arg === "SESSION" ? session : arg))
    const { code, stderr, stdout } = await start(node, [parley, ...command], cwd, env)
    session = /^ses_\w+/m.exec(stdout)?.[0] ?? session
    const name = `parley ${args.join(" ")}`
    if (code !== 0) problems.push(`${name}: exit ${String(code)}: ${stderr.trim().split("\n").at(-1)}`)
    else if (!says.test(stdout)) problems.push(`${name}: the answer is wrong: ${JSON.stringify(stdout.slice(0, 200))}`)
    else if (stderr.includes("Warning")) problems.push(`${name}: ${/^.*Warning.*$/m.exec(stderr)?.[0]}`)
  }
  return problems
}

const refusal = async (node: string, parley: string, version: string): Promise<ReadonlyArray<string>> => {
  const { cwd, env } = place(node)
  const ended = await start(node, [parley, "run", "List the files here"], cwd, env)
  const right = {
    code: 3,
    stdout: "",
    stderr: `parley: needs Node 24 or newer, or Node 22 from 22.19 on; this is ${version}\n`
  }
  return JSON.stringify(ended) === JSON.stringify(right) ? [] : [`not refused as expected: ${JSON.stringify(ended)}`]
}

const admitted = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  return major >= 24 || (major === 22 && minor >= 19)
}
const wanted = async (): Promise<ReadonlyArray<string>> => {
  if (positionals.length > 0) return positionals
  if (values.short) return ["22.19.0"]
  const latest = await Promise.all(["22", "24", "26"].map((range) => newest(nodePackage, range)))
  return ["22.19.0", "24.0.0", "24.6.0", "25.0.0", "26.0.0", ...latest, "12.22.12", "20.20.2", "22.12.0", "23.11.1"]
}

const rows: Array<string> = []
let failed = 0
try {
  const parley = values.short ? join(root, "packages/cli/bin/parley.mjs") : await packed()
  for (const version of await wanted()) {
    const node = await nodeOf(version)
    const ok = admitted(version)
    const problems = ok
      ? [...(await trial(node, parley)), ...(await inApplication(node))]
      : await refusal(node, parley, version)
    failed += problems.length
    rows.push(
      `| ${version} | ${problems.length > 0 ? problems.join("; ") : ok ? `${steps.length} commands succeeded without warnings, and so did another program with the store` : "refused in one sentence, exit 3"} |`
    )
    console.log(rows.at(-1))
    rmSync(join(work, version), { recursive: true, force: true })
  }
} finally {
  rmSync(work, { recursive: true, force: true })
}
if (values.write) {
  const machine = `${cpus().length} cores, ${type()} ${release().split("-")[0]}, ${process.arch}`
  const when = new Intl.DateTimeFormat("sv-SE").format()
  const command = ["pnpm floor", ...process.argv.slice(2)].join(" ")
  const table = ["| Node | result |", "| --- | --- |", ...rows].join("\n")
  const [words = ""] = readFileSync(evidence, "utf8").split(/^## Runs$/m)
  writeFileSync(evidence, `${words.trimEnd()}\n\n## Runs\n\n${when}, ${machine}; \`${command}\`\n\n${table}\n`)
}
process.exitCode = failed === 0 ? 0 : 1
