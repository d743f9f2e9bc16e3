// Runs many `parley` commands concurrently on one home and one project, and checks that every reported change was kept.
// usage: pnpm commands [--runs 50] [--edits 100] [--repeat 3] [--write]; needs a build
// With --write the table goes to docs/evidence/commands.md.
import { spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { cpus, platform, tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { parseArgs } from "node:util"

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "50" },
    edits: { type: "string", default: "100" },
    repeat: { type: "string", default: "3" },
    write: { type: "boolean", default: false }
  }
})
const repository = resolve(import.meta.dirname, "..")
const command = join(repository, "packages/cli/dist/parley.mjs")

interface Ended {
  readonly code: number | null
  readonly errors: string
}

const parley = (home: string, args: ReadonlyArray<string>) =>
  new Promise<Ended>((done) => {
    const child = spawn(process.execPath, [command, ...args], {
      cwd: join(home, "project"),
      env: { PATH: process.env["PATH"], HOME: home },
      stdio: ["ignore", "ignore", "pipe"]
    })
    let errors = ""
    child.stderr.setEncoding("utf8").on("data", (piece: string) => (errors += piece))
    child.on("close", (code) => done({ code, errors }))
  })

interface Kind {
  readonly name: string
  readonly count: number
  readonly args: (index: number) => ReadonlyArray<string>
  /** Counts the changes that were kept. */
  readonly kept: (home: string) => number
}

const json = (...path: ReadonlyArray<string>) => JSON.parse(readFileSync(join(...path), "utf8"))
const configuration = (home: string) => json(home, ".config/parley/config.json")
const database = (home: string) => join(home, ".local/share/parley/parley.db")

const edits = Number(values.edits)
const projectServer = (index: number) => `p${index}`
const kinds: ReadonlyArray<Kind> = [
  {
    name: "parley mcp add",
    count: edits,
    args: (index) => ["mcp", "add", `s${index}`, "--", "true"],
    kept: (home) => Object.keys(configuration(home).mcpServers).length
  },
  {
    name: "parley dynamic add",
    count: edits,
    args: (index) => ["dynamic", "add", `d${index}`, "workspace__list_files"],
    kept: (home) => configuration(home).dynamicContext.length
  },
  {
    name: "parley files add",
    count: edits,
    args: (index) => ["files", "add", `f${index}.md`],
    kept: (home) => json(home, "project/.parley/context.json").include.length
  },
  {
    name: "parley mcp trust",
    count: edits,
    args: (index) => ["mcp", "trust", projectServer(index), "--yes", "--hash", hashes[index] ?? ""],
    kept: (home) => {
      const trust = join(home, ".local/share/parley/trust")
      return readdirSync(trust).flatMap((project) => readdirSync(join(trust, project))).length
    }
  },
  {
    name: "parley run",
    count: Number(values.runs),
    args: (index) => ["run", `message ${index}`],
    kept: (home) => {
      const db = new DatabaseSync(database(home))
      const whole = db.prepare("PRAGMA integrity_check").get()?.["integrity_check"] === "ok"
      const closed = db.prepare(`SELECT count(*) AS n FROM events WHERE body LIKE '%"RoundCompleted"%'`).get()?.["n"]
      db.close()
      return whole ? Number(closed) : -1
    }
  }
]

/** The arguments of `mcp trust --yes`: the hash of each server of the project. */
let hashes: ReadonlyArray<string> = []
const hashesOf = (home: string) =>
  new Promise<ReadonlyArray<string>>((done) => {
    const child = spawn(process.execPath, [command, "mcp", "trust", "--format", "json"], {
      cwd: join(home, "project"),
      env: { PATH: process.env["PATH"], HOME: home },
      stdio: ["ignore", "pipe", "inherit"]
    })
    let text = ""
    child.stdout.setEncoding("utf8").on("data", (piece: string) => (text += piece))
    child.on("close", () => {
      const found = [...text.matchAll(/"name":"p(\d+)".*?"hash":"(\w+)"/g)]
      const byIndex = new Map(found.map(([, index, hash]) => [Number(index), hash ?? ""]))
      done(Array.from({ length: edits }, (_, index) => byIndex.get(index) ?? ""))
    })
  })

const rows: Array<string> = []
const problems: Array<string> = []

const once = async (): Promise<void> => {
  const home = mkdtempSync(join(tmpdir(), "parley-commands-"))
  try {
    mkdirSync(join(home, "project/.parley"), { recursive: true, mode: 0o700 })
    const servers = Object.fromEntries(
      Array.from({ length: edits }, (_, index) => [projectServer(index), { command: "true" }])
    )
    writeFileSync(join(home, "project/.parley/mcp.json"), JSON.stringify({ mcpServers: servers }))
    hashes = await hashesOf(home)
    for (const { args, count, kept, name } of kinds) {
      const started = performance.now()
      const ended = await Promise.all(Array.from({ length: count }, (_, index) => parley(home, args(index))))
      const seconds = ((performance.now() - started) / 1000).toFixed(1)
      const succeeded = ended.filter(({ code }) => code === 0).length
      const there = kept(home)
      rows.push(`| \`${name}\` | ${count} | ${succeeded} | ${there} | ${seconds} |`)
      if (succeeded !== count || there !== count)
        problems.push(`${name}: ${ended.find(({ code }) => code !== 0)?.errors.trim() ?? `${there} of ${count} kept`}`)
      // Remove the added servers and slots, because every later command would start or resolve them.
      if (name === "parley mcp add" || name === "parley dynamic add")
        writeFileSync(join(home, ".config/parley/config.json"), "{}\n")
    }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

for (let n = 0; n < Number(values.repeat); n++) await once()

const today = new Intl.DateTimeFormat("sv-SE").format()
const machine = `Node ${process.versions.node}, ${platform()}, ${cpus().length} cores (${cpus()[0]?.model ?? "unknown"})`
const text = `# Commands at the same time

\`pnpm commands --runs ${values.runs} --edits ${values.edits} --repeat ${values.repeat}\`, ${today}, ${machine}.

All commands of a row are started concurrently, on one home and one project. "Kept" is the number of changes in the file or
the database afterwards; for \`run\`, the completed rounds in a database that passes SQLite's integrity check.

| command | started | exit 0 | kept | seconds |
| ------- | ------: | -----: | ---: | ------: |
${rows.join("\n")}
`
console.log(text)
if (values.write) writeFileSync(join(repository, "docs/evidence/commands.md"), text)
console.log(problems.length === 0 ? "every command succeeded, and every change was kept" : problems.join("\n"))
process.exitCode = problems.length === 0 ? 0 : 1
