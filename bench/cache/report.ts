import { writeFileSync } from "node:fs"
import { cpus, platform } from "node:os"
import { join } from "node:path"
import type { Session } from "@parley/domain/Session"
import { cacheHitRatio } from "@parley/domain/Usage"
import type { Plan } from "./plan.ts"
import type { Charged } from "./simulation.ts"

/** One request. */
export interface Row {
  readonly round: number
  readonly body: number
  /** The length in bytes of the prefix it shares with the previous request, ignoring the markers of both. */
  readonly same: number
  /** The remaining bytes of the previous request after that prefix. */
  readonly rest: number
  readonly markers: number
  readonly parley: Charged
  readonly automatic: Charged
  readonly naive: Charged
  readonly naiveByDay: Charged
}

const evidence = join(import.meta.dirname, "../../docs/evidence/cache.md")
const ways = ["parley", "automatic", "naive", "naiveByDay"] as const
const named = {
  parley: "as Parley sends it",
  automatic: "the same, with the API's automatic marker alone",
  naive: "naive: files, context and time in the system prompt",
  naiveByDay: "naive, with the day instead of the time"
}

/** The cost by the API's prices, in bytes of input: cache reads cost 0.1 of the input price, cache writes 1.25. */
const cost = ({ bytes, read, written }: Charged) => bytes - read - written + 0.1 * read + 1.25 * written

const sum = (rows: ReadonlyArray<Row>, f: (row: Row) => number) => rows.reduce((all, row) => all + f(row), 0)
const again = ({ bytes, read }: Charged) => bytes - read
const digits = (n: number) => n.toLocaleString("en-US").replaceAll(",", " ")
const line = (cells: ReadonlyArray<string>) => `| ${cells.join(" | ")} |`
const percent = (share: number) => `${(100 * share).toFixed(1)} %`

/** Prints the results. Returns the exit code: not zero if a result violates a requirement. */
export const report = (
  rows: ReadonlyArray<Row>,
  run: {
    readonly plan: Plan
    readonly compactions: number
    readonly session: Session
    readonly seed: number
    readonly write: boolean
  }
): number => {
  const { plan } = run
  const rounds = plan.rounds.length
  const inRound = (n: number) => rows.filter(({ round }) => round === n)
  const shown = plan.rounds.flatMap((_, i) => (i === 0 || (i + 1) % 20 === 0 ? [i + 1] : []))
  const edits = plan.rounds.reduce((all, round) => all + round.edits.length, 0)
  const calls = plan.rounds.reduce(
    (all, { answers }) => all + answers.reduce((n, answer) => n + answer.calls.length, 0),
    0
  )
  // Each request must begin with the whole previous one, except for its closing brackets.
  const broken = rows.slice(1).filter(({ rest }) => rest > "]}".length)
  const crowded = rows.filter(({ markers }) => markers > 4)

  const table = shown.map((n) => {
    const of = inRound(n)
    const last = of.at(-1)
    return line([
      String(n),
      String(of.length),
      digits(last?.body ?? 0),
      digits(last?.same ?? 0),
      ...ways.map((way) => digits(sum(of, (row) => again(row[way]))))
    ])
  })
  const all = sum(rows, ({ parley }) => again(parley))
  const allPaid = sum(rows, ({ parley }) => cost(parley))
  const totals = ways.map((way) => {
    const bytes = sum(rows, (row) => row[way].bytes)
    const processed = sum(rows, (row) => again(row[way]))
    const paid = sum(rows, (row) => cost(row[way]))
    return line([
      named[way],
      digits(bytes),
      digits(processed),
      percent(1 - processed / bytes),
      `${(processed / all).toFixed(1)} ×`,
      digits(Math.round(paid)),
      `${(paid / allPaid).toFixed(1)} ×`
    ])
  })
  const ratio = cacheHitRatio(run.session.usage) ?? 0
  const text = [
    "# Caching",
    "",
    `\`pnpm cache --rounds ${rounds} --seed ${run.seed}\`, ${new Intl.DateTimeFormat("sv-SE").format()}, Node ${process.versions.node}, ${platform()}, ${cpus().length} cores (${cpus()[0]?.model ?? "unknown"}).`,
    "",
    `One session of ${rounds} rounds through the real engine: ${rows.length} requests over a socket to a server that records them, ${calls} tool calls (in some turns more than the API looks back over), ${plan.files.length} files in the context and ${edits} changes to them between rounds, a line of dynamic context that follows these, the time in every round, ${run.compactions} compactions. Bytes, not tokens.`,
    "",
    "The cache is simulated as the API documents it: a prefix is kept up to a marked block of an earlier request, and found at a marker or at one of the 19 blocks before it; nothing below 4096 bytes (1024 tokens) is kept, and nothing expires, since the rounds are a minute apart. The naive layouts have the same contents, computed from the same requests, with the same markers.",
    "",
    "Bytes that are processed again, for all requests of a round; body and common prefix are those of its last request:",
    "",
    line([
      "round",
      "requests",
      "body",
      "same as the previous one",
      "Parley",
      "automatic marker",
      "naive",
      "naive, by day"
    ]),
    line(Array.from({ length: 8 }, () => "--:")),
    ...table,
    "",
    "All rounds:",
    "",
    line(["", "bytes sent", "processed again", "from the cache", "against Parley", "paid for", "against Parley"]),
    line(["---", "--:", "--:", "--:", "--:", "--:", "--:"]),
    ...totals,
    "",
    "Parley sends more, because earlier versions of a file stay in the history until it is compacted. Paid for, in bytes of input: a tenth of the bytes read from the cache and five quarters of those written to it, by the prices for a lifetime of five minutes.",
    "",
    `- requests that begin with the whole previous request, except its closing brackets and the markers: ${rows.length - 1 - broken.length} of ${rows.length - 1}`,
    `- requests with more than the four markers that the API accepts: ${crowded.length}`,
    `- the session's own report, from the usage that the server returns: ${percent(ratio)} of the input from the cache`,
    ""
  ].join("\n")
  console.log(text)
  if (run.write) writeFileSync(evidence, text)
  return broken.length + crowded.length === 0 ? 0 : 1
}
