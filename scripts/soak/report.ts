import { execFileSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { cpus, release, type } from "node:os"
import { join } from "node:path"
import process from "node:process"
import type { Sample } from "./sample.ts"

const mb = 1_000_000
const megabytes = (bytes: number): string => (bytes / mb).toFixed(1)

type Column = Exclude<keyof Sample, "detail" | "rounds" | "database">

/**
 * The allowed growth from the warmed-up process to the end, as a share and as an absolute number; the larger one applies.
 * Memory may grow a little, because late release is not a leak. Everything else must not grow.
 */
const bounds: { readonly [C in Column]: { readonly share: number; readonly more: number } } = {
  heap: { share: 0.1, more: 10 * mb },
  external: { share: 0.1, more: 5 * mb },
  rss: { share: 0.1, more: 30 * mb },
  descriptors: { share: 0, more: 0 },
  handles: { share: 0, more: 0 },
  listeners: { share: 0, more: 0 },
  children: { share: 0, more: 0 },
  fibers: { share: 0, more: 0 },
  warnings: { share: 0, more: 0 }
}
const isColumn = (name: string): name is Column => Object.hasOwn(bounds, name)
const columns = Object.keys(bounds).filter(isColumn)
const isBytes = (column: Column): boolean => column === "heap" || column === "external" || column === "rss"
const shown = (column: Column, value: number): string => (isBytes(column) ? `${megabytes(value)} MB` : String(value))

const allowed = (column: Column, warm: Sample): number =>
  warm[column] + Math.max(bounds[column].more, warm[column] * bounds[column].share)

const kindsThatGrew = (warm: Sample, end: Sample): string => {
  const grown = Object.entries(end.detail).filter(([kind, count]) => count > (warm.detail[kind] ?? 0))
  return grown.length === 0 ? "" : ` (${grown.map(([kind, count]) => `${kind}: ${count}`).join(", ")})`
}

/**
 * The columns that grew beyond their bound from the first sample under load to the last one. Resident memory grows in steps,
 * for longer than the heap, because V8 and the allocator keep freed memory, and falls when they return it. Its last sample
 * is therefore compared with the maximum of the first half of the run.
 */
export const problemsOf = (samples: ReadonlyArray<Sample>, rounds: number): ReadonlyArray<string> => {
  const [, warm] = samples
  const firstHalf = samples.slice(1, Math.floor(samples.length / 2) + 1)
  const end = samples.at(-1)
  if (warm === undefined || end === undefined || end.rounds !== rounds || warm === end)
    return [`it ended after ${end?.rounds ?? 0} rounds of ${rounds}`]
  return columns.flatMap((column) => {
    const before = column === "rss" ? firstHalf.reduce((most, one) => (one.rss > most.rss ? one : most), warm) : warm
    if (end[column] <= allowed(column, before)) return []
    return [
      `${column}: ${shown(column, end[column])} after ${end.rounds} rounds, ${shown(column, before[column])} after ` +
        `${before.rounds}; no more than ${shown(column, allowed(column, before))} is allowed${kindsThatGrew(before, end)}`
    ]
  })
}

export const table = (samples: ReadonlyArray<Sample>): string => {
  const heads = ["rounds", ...columns.map((name) => (isBytes(name) ? `${name} MB` : name)), "database MB"]
  const rows = samples.map((sample) => [
    String(sample.rounds),
    ...columns.map((name) => (isBytes(name) ? megabytes(sample[name]) : String(sample[name]))),
    megabytes(sample.database)
  ])
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i]?.length ?? 0)))
  const line = (cells: ReadonlyArray<string>) =>
    `| ${cells.map((cell, i) => cell.padStart(widths[i] ?? 0)).join(" | ")} |`
  return [line(heads), `| ${widths.map((width) => `${"-".repeat(width - 1)}:`).join(" | ")} |`, ...rows.map(line)].join(
    "\n"
  )
}

const commit = (): string => execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim()

/** Replaces the table in the evidence file and keeps the explanation above it. */
export const write = (samples: ReadonlyArray<Sample>, seed: string, seconds: number): void => {
  const evidence = join(import.meta.dirname, "../../docs/evidence/soak.md")
  const [words = ""] = readFileSync(evidence, "utf8").split(/^## Runs$/m)
  const machine = `${cpus().length} cores, ${type()} ${release().split("-")[0]}, Node ${process.versions.node}`
  const command = ["pnpm soak", ...process.argv.slice(2)].join(" ")
  const about = `${new Intl.DateTimeFormat("sv-SE").format()}, ${commit()}, ${machine}; ${seconds} s; seed ${seed}; \`${command}\``
  writeFileSync(evidence, `${words.trimEnd()}\n\n## Runs\n\n${about}\n\n${table(samples)}\n`)
}
