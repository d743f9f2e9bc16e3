// Several processes (default 8) append to one database as fast as possible, each to its own session and all to a shared one.
// usage: pnpm contention [--seconds N] [--processes N]
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { cpus, platform, tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { parseArgs } from "node:util"

interface Report {
  readonly id: string
  readonly held: number
  readonly refused: ReadonlyArray<number>
  readonly times: ReadonlyArray<number>
}

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "20" }, processes: { type: "string", default: "8" } }
})
const support = resolve(import.meta.dirname, "../packages/store/test/support")
const directory = mkdtempSync(join(tmpdir(), "parley-contention-"))
const filename = join(directory, "sessions.db")

const run = (script: string, ...args: ReadonlyArray<string>) =>
  new Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>((done) => {
    const child = spawn(process.execPath, [join(support, script), filename, ...args])
    let [out, err] = ["", ""]
    child.stdout.on("data", (data) => (out += String(data)))
    child.stderr.on("data", (data) => (err += String(data)))
    child.on("close", (code) => done({ code, out, err }))
  })

const today = new Intl.DateTimeFormat("sv-SE").format()
const problems: Array<string> = []
const expect = (holds: boolean, problem: string) => {
  if (!holds) problems.push(problem)
}

const at = (sorted: ReadonlyArray<number>, share: number) =>
  (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1)
const spread = (times: ReadonlyArray<number>) => {
  const sorted = [...times].sort((a, b) => a - b)
  return `p50 ${at(sorted, 0.5)} ms, p99 ${at(sorted, 0.99)} ms, max ${at(sorted, 1)} ms`
}

/** Checks that every acknowledged append is stored, in order, and that writes of different lease holders never interleave. */
const verify = (reports: ReadonlyArray<Report>, shared: string) => {
  const db = new DatabaseSync(filename)
  const log = db.prepare(
    "SELECT e.seq, e.body FROM events e JOIN sessions s ON s.key = e.session WHERE s.id = ? ORDER BY e.seq"
  )
  const events = (id: string) => log.all(id).map((row) => ({ seq: Number(row["seq"]), body: String(row["body"]) }))
  const contiguous = (rows: ReturnType<typeof events>) => rows.every(({ seq }, i) => seq === i + 1)
  for (const { held, id, times } of reports) {
    const own = events(id)
    expect(contiguous(own), `session ${id} has a gap`)
    expect(own.length === times.length - 5 * held, `session ${id} has ${own.length} events, not every one acknowledged`)
  }
  const rows = events(shared)
  const turns = rows.flatMap(({ body }) => /"turnId":"r(\d+)t(\d+)"/.exec(body)?.slice(1).map(Number) ?? [])
  const epochs = turns.filter((_, i) => i % 2 === 0)
  expect(contiguous(rows), "the shared session has a gap")
  expect(
    rows.length === 5 * reports.reduce((sum, { held }) => sum + held, 0),
    "the shared session lost or gained events"
  )
  expect(
    epochs.every((epoch, i) => epoch >= (epochs[i - 1] ?? 0) && turns[2 * i + 1] === (i % 5) + 1),
    "two holders wrote at the same time"
  )
  expect(db.prepare("PRAGMA integrity_check").get()?.["integrity_check"] === "ok", "the database is damaged")
  db.close()
}

try {
  const first = await run("contender.ts", "nobody", "0")
  const shared = JSON.parse(first.out).id
  const count = Number(values.processes)
  const ended = await Promise.all(Array.from({ length: count }, () => run("contender.ts", shared, values.seconds)))
  for (const { code, err } of ended)
    expect(code === 0, `a process failed: ${err.trim().split("\n").slice(0, 3).join(" ")}`)
  const reports: ReadonlyArray<Report> = ended.filter(({ code }) => code === 0).map(({ out }) => JSON.parse(out))
  verify(reports, shared)
  const times = reports.flatMap((report) => report.times)
  const refused = reports.flatMap((report) => report.refused)
  const locked = ended.filter(({ err }) => /lock|busy/i.test(err)).length
  const machine = `Node ${process.versions.node}, ${platform()}, ${cpus().length} cores (${cpus()[0]?.model ?? "unknown"})`
  console.log(
    `# Contention\n\n\`pnpm contention --seconds ${values.seconds} --processes ${count}\`, ${today}, ${machine}.\n`
  )
  console.log(
    `${count} processes on one database. Each appends without a pause to its own session, every tenth time with a full barrier, and to one shared session whenever it gets the lease.\n`
  )
  console.log(`- appends: ${times.length} (${Math.round(times.length / Number(values.seconds))}/s), ${spread(times)}`)
  console.log(`- leases of the shared session: ${reports.reduce((sum, { held }) => sum + held, 0)} held`)
  console.log(`- leases refused: ${refused.length}, ${spread(refused)}`)
  console.log(`- processes that met "database is locked": ${locked}`)
} finally {
  rmSync(directory, { recursive: true, force: true })
}
console.log(
  problems.length === 0
    ? "- every acknowledged event is stored, in order, and no two holders wrote at the same time"
    : problems.join("\n")
)
process.exitCode = problems.length === 0 ? 0 : 1
