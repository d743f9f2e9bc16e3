// Measures lists and searches of many sessions, and what the index for searches adds to a round.
// usage: pnpm session-search [--sessions 10000] [--rounds 500] [--write]
// With --write the result goes to docs/evidence/session-search.md. Exits with 1 if a list or a search takes more than 50 ms
// of processor time, which depends less than elapsed time on what else the machine does.
import { globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { cpus, loadavg, release, tmpdir, type } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { DatabaseSync } from "node:sqlite"
import { parseArgs } from "node:util"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { InvalidMessage, StorageError } from "../packages/domain/src/Errors.ts"
import { callId, roundId, type SessionId, turnId } from "../packages/domain/src/Ids.ts"
import type { SessionEvent } from "../packages/domain/src/SessionEvent.ts"
import { SessionManager } from "../packages/domain/src/SessionManager.ts"
import { zero } from "../packages/domain/src/Usage.ts"
import { FlushInterval } from "../packages/store/src/file/StoreSettings.ts"
import * as SqliteSessions from "../packages/store/src/sessions/SqliteSessions.ts"

const { values } = parseArgs({
  options: {
    sessions: { type: "string", default: "10000" },
    rounds: { type: "string", default: "500" },
    write: { type: "boolean", default: false }
  }
})
const count = Number(values.sessions)
const top = join(import.meta.dirname, "..")

/** Lines of this repository, so that words are as frequent as they are in text and in code. */
const lines = globSync("{docs,packages/*/src}/**/*.{md,ts}", { cwd: top })
  .flatMap((path) => readFileSync(join(top, path), "utf8").split("\n"))
  .filter((line) => line.trim().length > 20)
let seed = 42
const random = (below: number) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % below
const text = (size: number): string => {
  let words = ""
  while (words.length < size) words += `${lines[random(lines.length)] ?? ""}\n`
  return words.slice(0, size)
}

/** A round of four kilobytes of text: a message, two turns, and a result of two kilobytes. */
const roundOf = (n: number): ReadonlyArray<ReadonlyArray<SessionEvent>> => {
  const round = roundId(n)
  const [t1, t2] = [turnId(round, 1), turnId(round, 2)]
  const call = callId(t1, 1)
  const model = { provider: "p", model: "m" }
  const input = JSON.stringify({ path: text(40) })
  return [
    [{ _tag: "RoundStarted", roundId: round, request: [{ _tag: "Text", text: text(300) }] }],
    [{ _tag: "TurnStarted", roundId: round, turnId: t1, model }],
    [
      {
        _tag: "TurnCompleted",
        turnId: t1,
        content: [
          { _tag: "Text", text: text(600) },
          { _tag: "ToolCall", callId: call, providerId: "c", name: "workspace__read_file", input }
        ],
        usage: zero,
        stop: "tool-calls"
      }
    ],
    [{ _tag: "ToolStarted", callId: call }],
    [
      {
        _tag: "ToolSettled",
        callId: call,
        outcome: { _tag: "Succeeded", content: [{ _tag: "Text", text: text(2000) }] }
      }
    ],
    [{ _tag: "TurnStarted", roundId: round, turnId: t2, model }],
    [
      { _tag: "TurnCompleted", turnId: t2, content: [{ _tag: "Text", text: text(1100) }], usage: zero, stop: "end" },
      { _tag: "RoundCompleted", roundId: round, stop: "end" }
    ]
  ]
}

const at = (sorted: ReadonlyArray<number>, share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0
const mean = (times: ReadonlyArray<number>) => times.reduce((sum, time) => sum + time, 0) / times.length
const ms = (time: number) => time.toFixed(time < 10 ? 2 : 1)

const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const [start, before] = [performance.now(), process.cpuUsage()]
    const value = yield* effect
    const { system, user } = process.cpuUsage(before)
    return { value, time: performance.now() - start, cpu: (system + user) / 1000 }
  })

const queries = [
  "sessions",
  "the",
  "lease holder",
  "workspace__read_file",
  '"the log is the only truth"',
  "bound*",
  "xylophone"
]

const measure = (filename: string) =>
  Effect.gen(function* () {
    const sessions = yield* SessionManager
    const write = Effect.fnUntraced(function* (id: SessionId, head: number, n: number) {
      let after = head
      for (const events of roundOf(n)) {
        yield* sessions.append(id, { after, epoch: 0 }, events)
        after += events.length
      }
      return after
    })
    const fill = (i: number) =>
      Effect.flatMap(sessions.create({ workspace: `/workspace/${i % 20}` }), ({ id }) => write(id, 0, 1))
    yield* Effect.forEach(
      Array.from({ length: count }, (_, i) => i),
      fill,
      { concurrency: 200, discard: true }
    )

    const rows: Array<string> = []
    let slowest = 0
    const row = Effect.fnUntraced(function* (
      name: string,
      effect: Effect.Effect<ReadonlyArray<unknown>, StorageError | InvalidMessage>
    ) {
      const runs = yield* Effect.replicateEffect(timed(effect), 15)
      const sorted = (of: (run: (typeof runs)[number]) => number) =>
        runs
          .slice(1)
          .map(of)
          .sort((a, b) => a - b)
      const times = sorted(({ time }) => time)
      const cpu = at(
        sorted((run) => run.cpu),
        0.5
      )
      slowest = Math.max(slowest, cpu)
      rows.push(`| ${name} | ${runs[0]?.value.length} | ${ms(at(times, 0.5))} | ${ms(at(times, 1))} | ${ms(cpu)} |`)
    })
    yield* row("list, all workspaces", sessions.list({}))
    yield* row("list, one workspace", sessions.list({ workspace: "/workspace/7", archived: false }))
    for (const words of queries) yield* row(`search \`${words}\``, sessions.search({ text: words }))
    yield* row("search `sessions`, one workspace", sessions.search({ text: "sessions", workspaces: ["/workspace/7"] }))

    // A session with more indexed events than events gets no words, so that the same rounds can be written without them.
    const kinds = yield* Effect.forEach(["with", "without"] as const, (kind) =>
      Effect.map(sessions.create({}), ({ id }) => ({ kind, id, head: 0, times: Array<number>(), cpu: 0 }))
    )
    const db = new DatabaseSync(filename)
    const size = (sql: string) => Number(db.prepare(sql).get()?.["size"] ?? 0)
    const index = size("SELECT sum(length(block)) AS size FROM search_data")
    const texts = size("SELECT sum(length(body)) AS size FROM events")
    const ahead = db.prepare("UPDATE sessions SET indexed = 1 << 40 WHERE id = ?")
    for (let n = 1; n <= Number(values.rounds); n++)
      for (const kind of kinds) {
        if (kind.kind === "without") ahead.run(kind.id)
        const { cpu, time, value } = yield* timed(write(kind.id, kind.head, n))
        kind.cpu += cpu
        kind.head = value
        kind.times.push(time)
      }
    db.close()
    const cost = kinds.map(({ cpu, kind, times }) => {
      const sorted = times.toSorted((a, b) => a - b)
      return `| ${kind} | ${ms(at(sorted, 0.5))} | ${ms(mean(sorted))} | ${ms(at(sorted, 0.99))} | ${ms(cpu / times.length)} |`
    })
    return { rows, cost, slowest, index, texts }
  })

const directory = mkdtempSync(join(tmpdir(), "parley-search-"))
const filename = join(directory, "parley.db")
const layer = SqliteSessions.layer({ filename }).pipe(Layer.provide(Layer.succeed(FlushInterval, Duration.zero)))
// A script is an entry point.
// @effect-diagnostics-next-line strictEffectProvide:off
const found = await Effect.runPromise(Effect.provide(measure(filename), layer))
const today = new Intl.DateTimeFormat("sv-SE").format()
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`
const report = `# Lists and searches of many sessions

\`pnpm session-search --sessions ${count} --rounds ${values.rounds}\`, ${today}, Node ${process.versions.node}, ${type()} ${release()}, ${cpus().length} cores, load average ${loadavg()[0]?.toFixed(1)}.

${count} sessions in 20 workspaces, each with one round: a message, two answers, a tool call and its result, together 4 kB, made of lines
of this repository. Milliseconds, in the process, 14 runs after a first one; processor time is a median, too. A search ranks the latest 2,000 events that contain the
words, so that frequent words do not take longer than rare ones.

| what | found | median | slowest | processor time |
| --- | ---: | ---: | ---: | ---: |
${found.rows.join("\n")}

The logs have ${megabytes(found.texts)}, the index ${megabytes(found.index)}; the file has ${megabytes(statSync(filename).size)}.

## What the index adds to a round

The same rounds, of 7 appends, written to a session that is indexed and to one that is not, in turn, into the database with
${count} sessions. Milliseconds for a whole round, including its barriers.

| index | median | mean | 99 % | processor time |
| --- | ---: | ---: | ---: | ---: |
${found.cost.join("\n")}
`
rmSync(directory, { recursive: true, force: true })
process.stdout.write(report)
if (values.write) writeFileSync(join(top, "docs/evidence/session-search.md"), report)
process.exitCode = found.slowest > 50 ? 1 : 0
