// pnpm bench:cold [--runs 15] [--write]: how long commands of the built CLI take, in processes of their own.
// The commands are interleaved. `node -e 0` runs with them: ratios to it compare machines, milliseconds do not.
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { cpus, platform, tmpdir } from "node:os"
import { join } from "node:path"
import { performance } from "node:perf_hooks"
import process from "node:process"
import { parseArgs } from "node:util"

const { values } = parseArgs({ options: { runs: { type: "string", default: "15" }, write: { type: "boolean" } } })
const runs = Number(values.runs)
const bin = join(import.meta.dirname, "../packages/cli/bin/parley.mjs")
const home = mkdtempSync(join(tmpdir(), "parley-cold-"))
const workspace = join(home, "work")
mkdirSync(workspace)
writeFileSync(join(workspace, "README.md"), "# Example\n")
const env = { HOME: home, PATH: process.env.PATH, XDG_CACHE_HOME: join(home, "cache") }

const commands = [
  { name: "`node -e 0`", args: ["-e", "0"] },
  { name: "`--version`", args: [bin, "--version"] },
  { name: "`--help`", args: [bin, "--help"] },
  { name: "`models`", args: [bin, "models"] },
  { name: "`sessions list`", args: [bin, "sessions", "list"] },
  { name: "`run hello`", args: [bin, "run", "--model", "demo/demo", "hello"] },
  {
    name: '`run "list the files here"` (with a tool call)',
    args: [bin, "run", "--model", "demo/demo", "list the files here"]
  }
]

const once = (args) => {
  const begun = performance.now()
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: workspace, env, encoding: "utf8" })
  if (status !== 0) throw new Error(`${args.join(" ")} failed with exit code ${status}:\n${stderr}`)
  return performance.now() - begun
}
const median = (of) => of.toSorted((a, b) => a - b)[of.length >> 1]

try {
  const times = commands.map(() => [])
  // The first round fills the compile cache and is not counted.
  for (let round = 0; round <= runs; round++)
    for (const [index, { args }] of commands.entries()) {
      const time = once(args)
      if (round > 0) times[index].push(time)
    }
  const [node] = times.map(median)
  const rows = commands.map(({ name }, index) => {
    const time = median(times[index])
    return `| ${name} | ${time.toFixed(0)} | ${(time / node).toFixed(1)} |`
  })
  const text = [
    "# Cold start of the built command",
    "",
    `\`pnpm bench:cold --runs ${runs}\`, ${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${platform()}, ${cpus().length} cores.`,
    "Medians, interleaved, compile cache filled, the offline model, a database on disk.",
    "",
    "| command | ms | × bare Node |",
    "|---|---:|---:|",
    ...rows,
    ""
  ].join("\n")
  console.log(text)
  if (values.write) writeFileSync(join(import.meta.dirname, "../docs/evidence/cold-start.md"), text)
} finally {
  rmSync(home, { recursive: true, force: true })
}
