import { readFileSync, writeFileSync } from "node:fs"
import { cpus, release, type } from "node:os"
import { join } from "node:path"
import process from "node:process"
import type { Cancel } from "./round.ts"

export interface Row {
  readonly phase: string
  /** Bound of the 99th percentile, in milliseconds. */
  readonly bound: number
  readonly cancels: ReadonlyArray<Cancel>
}

const evidence = join(import.meta.dirname, "../../docs/evidence/cancel.md")

const at = (sorted: ReadonlyArray<number>, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? 0
const timesOf = ({ cancels }: Row) => cancels.map(({ millis }) => millis).sort((a, b) => a - b)

const heads = ["phase", "cancels", "p50 ms", "p99 ms", "max ms", "bound ms", "unanswered", "orphans", "broken"]
const count = (row: Row, kind: "unanswered" | "orphans" | "broken") =>
  String(row.cancels.reduce((sum, cancel) => sum + cancel[kind].length, 0))

const cellsOf = (row: Row): ReadonlyArray<string> => {
  const times = timesOf(row)
  return [
    row.phase,
    String(row.cancels.length),
    ...[0.5, 0.99, 1].map((share) => at(times, share).toFixed(1)),
    String(row.bound),
    count(row, "unanswered"),
    count(row, "orphans"),
    count(row, "broken")
  ]
}

/** The problems of a row, one line each. */
const problemsOf = (row: Row): ReadonlyArray<string> => {
  const slowest = at(timesOf(row), 0.99)
  return [
    ...row.cancels.flatMap(({ broken, orphans, unanswered }) => [
      ...unanswered.map((why) => `${row.phase}: not answered: ${why}`),
      ...orphans.map((pid) => `${row.phase}: process ${pid} is still running`),
      ...broken.map((what) => `${row.phase}: ${what}`)
    ]),
    ...(slowest > row.bound ? [`${row.phase}: p99 is ${slowest.toFixed(1)} ms, not within ${row.bound}`] : []),
    ...(row.cancels.length === 0 ? [`${row.phase}: nothing was run`] : [])
  ]
}

/** Replaces the tables in the evidence file and keeps the explanation above them. */
const write = (text: string): void => {
  const [words = ""] = readFileSync(evidence, "utf8").split(/^## Runs$/m)
  writeFileSync(evidence, `${words.trimEnd()}\n\n## Runs\n\n${text}\n`)
}

/** Prints a table, and returns whether all its rows are without problems. */
export const report = (
  rows: ReadonlyArray<Row>,
  options: { readonly seconds: number; readonly write: boolean }
): boolean => {
  const lines = [heads, ...rows.map(cellsOf)]
  const widths = heads.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)))
  const pad = (cell: string, i: number) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))
  const [head = "", ...body] = lines.map((cells) => `| ${cells.map(pad).join(" | ")} |`)
  const rule = `| ${widths.map((width, i) => (i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`
  const command = ["pnpm cancel", ...process.argv.slice(2)].join(" ")
  const machine = `${cpus().length} cores, ${type()} ${release().split("-")[0]}, Node ${process.versions.node}`
  const text = [
    `${new Intl.DateTimeFormat("sv-SE").format()}, ${machine}; ${Math.round(options.seconds)} s; \`${command}\``,
    "",
    head,
    rule,
    ...body
  ].join("\n")
  console.log(text)
  const problems = rows.flatMap(problemsOf)
  for (const problem of problems) console.error(problem)
  if (options.write) write(text)
  return problems.length > 0 || rows.length === 0
}
