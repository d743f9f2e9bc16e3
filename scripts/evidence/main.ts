// Runs the long campaigns whose results are in docs/evidence, and reports which results are older than the code they cover.
// usage: pnpm evidence [--list] [--old] [NAME...]; takes hours; needs `strace`; makes a build first
//   --list   run nothing, only print the status of each campaign; exit code 1 when one is not current
//   --old    run only those that are not current
import { spawnSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import process from "node:process"
import { parseArgs } from "node:util"
import { provenance } from "../provenance.ts"
import { type Campaign, campaigns } from "./campaigns.ts"
import { codeOf, readRuns, record, standingOf } from "./runs.ts"

const root = resolve(import.meta.dirname, "../..")
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { list: { type: "boolean", default: false }, old: { type: "boolean", default: false } }
})

const unknown = positionals.filter((name) => !campaigns.some((campaign) => campaign.name === name))
if (unknown.length > 0) {
  console.error(
    `There is no campaign ${unknown.join(", ")}; the campaigns are ${campaigns.map(({ name }) => name).join(", ")}`
  )
  process.exit(2)
}
const named = campaigns.filter(({ name }) => positionals.length === 0 || positionals.includes(name))

const list = (): boolean => {
  const runs = readRuns()
  const standings = named.map((campaign) => ({ campaign, standing: standingOf(campaign, runs) }))
  for (const { campaign, standing } of standings)
    console.log(`${campaign.name.padEnd(14)} ${standing.padEnd(20)} ${runs[campaign.name]?.where ?? ""}`)
  return standings.every(({ standing }) => standing === "current")
}

const run = ({ command, covers, name, output }: Campaign): void => {
  console.log(`\n> node ${command.join(" ")}`)
  const [code, where, started] = [codeOf({ covers }), provenance(), performance.now()]
  const { status, stdout } = spawnSync(process.execPath, command, {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    stdio: ["ignore", output === undefined ? "inherit" : "pipe", "inherit"]
  })
  if (output !== undefined) {
    console.log(stdout)
    if (status === 0) writeFileSync(join(root, output), stdout)
  }
  const seconds = Math.round((performance.now() - started) / 1000)
  record(name, { command: `node ${command.join(" ")}`, where, seconds, passed: status === 0, code })
  console.log(`${name}: ${status === 0 ? "passed" : `failed with ${status}`}, ${seconds} s`)
}

if (!values.list) {
  const runs = readRuns()
  const chosen = named.filter((campaign) => !values.old || standingOf(campaign, runs) !== "current")
  if (chosen.length > 0) spawnSync(process.execPath, ["scripts/build.ts"], { cwd: root, stdio: "inherit" })
  for (const campaign of chosen) run(campaign)
}
process.exitCode = list() ? 0 : 1
