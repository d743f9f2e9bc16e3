import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { cpus, loadavg, release, tmpdir, type } from "node:os"
import { join, resolve } from "node:path"
import process from "node:process"
import { install } from "../installed.ts"
import { servers } from "./servers.ts"
import { type Outcome, trial } from "./trial.ts"

const evidence = resolve(import.meta.dirname, "../../docs/evidence/servers-real.md")

const row = (outcome: Outcome): string =>
  [
    outcome.name,
    outcome.listed,
    outcome.leftOut === 0 ? outcome.offered : `${outcome.offered}, ${outcome.leftOut} left out`,
    outcome.readyMillis,
    outcome.call,
    outcome.cancelled,
    outcome.cancelMillis,
    outcome.endMillis,
    outcome.problems.length === 0 ? "none" : outcome.problems.join("; ").replaceAll(/\s+/g, " ").replaceAll("|", "\\|")
  ].join(" | ")

/** Tries every server of the list, one after the other. Returns whether all trials succeeded. */
export const tryAll = async (options: {
  readonly write: boolean
  readonly installed?: string | undefined
}): Promise<boolean> => {
  const work = mkdtempSync(join(tmpdir(), "parley-real-servers-"))
  const outcomes: Array<Outcome> = []
  try {
    const installed = options.installed ?? join(work, "installed")
    if (options.installed === undefined)
      await install(installed, ...servers.map(({ package: name, version }) => `${name}@${version}`))
    for (const server of servers) {
      outcomes.push(await trial(server, installed, work))
      console.log(outcomes.map(row).at(-1))
    }
  } finally {
    rmSync(work, { recursive: true, force: true, maxRetries: 3 })
  }
  const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((all, outcome) => all + of(outcome), 0)
  const wrong = sum(({ problems }) => problems.length)
  const said =
    `${outcomes.length} servers, ${sum(({ listed }) => listed)} tools listed by the official SDK's client, ` +
    `${sum(({ offered }) => offered)} offered and ${sum(({ leftOut }) => leftOut)} left out with a reason; ${wrong} problems.`
  console.log(said)
  if (options.write) {
    const machine = `${cpus().length} cores, ${type()} ${release().split("-")[0]}, Node ${process.versions.node}`
    const when = new Intl.DateTimeFormat("sv-SE").format()
    const table = [
      "| server | listed | offered | ready ms | call | cancelled | cancel ms | end ms | problems |",
      "| --- | ---: | ---: | ---: | --- | --- | ---: | ---: | --- |",
      ...outcomes.map((outcome) => `| ${row(outcome)} |`)
    ].join("\n")
    const [words = ""] = readFileSync(evidence, "utf8").split(/^## Runs$/m)
    const head = `${when}, ${machine}, load ${loadavg()[0]?.toFixed(1)}; \`pnpm servers --real --write\``
    writeFileSync(evidence, `${words.trimEnd()}\n\n## Runs\n\n${head}\n\n${said}\n\n${table}\n`)
  }
  return wrong === 0
}
