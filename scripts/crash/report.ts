import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { SessionId } from "../../packages/domain/src/Ids.ts"
import { fresh } from "../../packages/domain/src/SessionInfo.ts"
import * as Invariants from "../../packages/testing/src/invariants/Invariants.ts"
import { findings } from "./check.ts"
import type { Place } from "./place.ts"
import type { Verdict } from "./rounds.ts"

export interface Outcome {
  /** Points whose injection came into effect. */
  readonly reached: number | boolean
  /** Descriptions of the injections that did not come into effect. */
  readonly missed?: ReadonlyArray<string>
  readonly verdict: Verdict
  /** How the process ended. */
  readonly note?: string
}

export interface Job {
  readonly round: string
  readonly name: string
  /** How many points the job covers; default 1. */
  readonly points?: number
  readonly run: (place: Place) => Promise<Outcome>
}

interface Row {
  points: number
  reached: number
  lost: number
  twice: number
  unusable: number
  broken: number
  silent: number
  notes: Map<string, number>
}

const evidence = join(import.meta.dirname, "../../docs/evidence/crash.md")
const columns = ["points", "reached", "lost", "twice", "unusable", "broken", "silent"] as const
const kinds = ["lost", "twice", "unusable", "broken", "silent"] as const

const rowsOf = (done: ReadonlyArray<{ readonly job: Job; readonly outcome: Outcome }>) => {
  const rows = new Map<string, Row>()
  for (const { job, outcome } of done)
    for (const name of [job.round, "all"]) {
      const row = rows.get(name) ?? {
        points: 0,
        reached: 0,
        lost: 0,
        twice: 0,
        unusable: 0,
        broken: 0,
        silent: 0,
        notes: new Map()
      }
      rows.set(name, row)
      row.points += job.points ?? 1
      row.reached += Number(outcome.reached)
      for (const kind of kinds) row[kind] += outcome.verdict[kind].length
      if (outcome.note !== undefined) row.notes.set(outcome.note, (row.notes.get(outcome.note) ?? 0) + 1)
    }
  const all = rows.get("all")
  rows.delete("all")
  return [...[...rows].sort(([a], [b]) => (a < b ? -1 : 1)), ...(all === undefined ? [] : [["all", all] as const])]
}

/** Replaces the section of the command in the evidence, or adds it. */
const write = (command: string, text: string) => {
  const kind = (words: string) =>
    words.replace(/ (--write|--seed \S+|--workers \S+)/g, "").replace(/ --random \d+/, " --random")
  const [intro = "", ...sections] = readFileSync(evidence, "utf8").split(/^(?=## `)/m)
  const kept = sections.filter((section) => kind(/^## `(.*)`$/m.exec(section)?.[1] ?? "") !== kind(command))
  const title = command.replace(/ (--write|--seed \S+)/g, "")
  const all = [intro, ...kept, `## \`${title}\`\n\n${text}`].map((section) => section.trimEnd())
  writeFileSync(evidence, `${all.join("\n\n")}\n`)
}

/** The share of points that must be reached: a campaign that kills nothing proves nothing. */
const leastReached = 0.98

/** Prints a table, and returns whether it has no problems and enough points were reached. */
export const report = (
  done: ReadonlyArray<{ readonly job: Job; readonly outcome: Outcome }>,
  options: { readonly seconds: number; readonly write: boolean; readonly where: string }
): boolean => {
  const rows = rowsOf(done)
  const noted = rows.some(([, { notes }]) => notes.size > 0)
  const heads = ["round", ...columns, ...(noted ? ["ended with"] : [])]
  const lines = rows.map(([name, row]) => [
    name,
    ...columns.map((column) => String(row[column])),
    ...(noted
      ? [
          [...row.notes]
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([note, times]) => `${note}: ${times}`)
            .join(", ")
        ]
      : [])
  ])
  const widths = heads.map((head, i) => Math.max(head.length, ...lines.map((line) => line[i]?.length ?? 0)))
  const line = (cells: ReadonlyArray<string>) =>
    `| ${cells.map((cell, i) => (i === 0 || i > columns.length ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(" | ")} |`
  const rule = `| ${widths.map((width, i) => (i === 0 || i > columns.length ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`
  const command = ["pnpm crash", ...process.argv.slice(2)].join(" ")
  const text = [
    `${options.where}; ${Math.round(options.seconds)} s; \`${command}\``,
    "",
    line(heads),
    rule,
    ...lines.map(line),
    "",
    `Of what is stored: ${Invariants.summary(findings({ log: [], info: fresh(SessionId.make("none"), 0, {}) }))}.`
  ].join("\n")
  console.log(text)
  if (options.write) write(command, text)
  const points = rows.at(-1)?.[1] ?? { points: 0, reached: 0 }
  const enough = points.points > 0 && points.reached >= leastReached * points.points
  if (!enough) console.error(`Only ${points.reached} of ${points.points} points were reached.`)
  return rows.some(([, row]) => kinds.some((kind) => row[kind] > 0)) || !enough
}
