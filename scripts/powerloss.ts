// Writes a session's log, cuts, garbles or drops pieces of what was not synced, opens what is left and judges it.
//   pnpm powerloss [--images 10000] [--seed 1] [--write]     --write puts the result into docs/evidence/powerloss.md
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { isDeepStrictEqual, parseArgs } from "node:util"
import { Context, Duration, Effect, Layer } from "effect"
import { callId, roundId, type SessionId, turnId } from "../packages/domain/src/Ids.ts"
import { type LogEntry, needsBarrier, type SessionEvent } from "../packages/domain/src/SessionEvent.ts"
import { SessionManager } from "../packages/domain/src/SessionManager.ts"
import * as SqliteSessions from "../packages/store/src/SqliteSessions.ts"
import { FlushInterval } from "../packages/store/src/StoreSettings.ts"

const { values } = parseArgs({
  options: {
    images: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
    write: { type: "boolean", default: false }
  }
})

let state = Number(values.seed)
/** Mulberry32: the same seed, the same images. */
const random = (): number => {
  state = (state + 0x6d2b79f5) | 0
  let t = Math.imul(state ^ (state >>> 15), 1 | state)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
}
const below = (n: number): number => Math.floor(random() * n)

const open = (filename: string) =>
  SqliteSessions.layer({ filename }).pipe(
    Layer.provide(Layer.succeed(FlushInterval, Duration.zero)),
    Layer.fresh,
    Layer.build,
    Effect.map((context) => Context.get(context, SessionManager))
  )

/** A round of one turn with a tool, as the engine appends it. */
const round = (n: number): ReadonlyArray<ReadonlyArray<SessionEvent>> => {
  const r = roundId(n)
  const t = turnId(r, 1)
  const c = callId(t, 1)
  const text = "word ".repeat(1 + below(900))
  const usage = { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0 }
  const call = { _tag: "ToolCall", callId: c, providerId: "x", name: "t", input: "{}" } as const
  return [
    [{ _tag: "RoundStarted", roundId: r, request: [{ _tag: "Text", text }] }],
    [{ _tag: "TurnStarted", roundId: r, turnId: t, model: { provider: "p", model: "m" } }],
    ...Array.from({ length: 1 + below(8) }, (): ReadonlyArray<SessionEvent> => [
      { _tag: "TurnDelta", turnId: t, chunks: [{ _tag: "TextDelta", index: 0, text }] }
    ]),
    [{ _tag: "TurnCompleted", turnId: t, content: [{ _tag: "Text", text }, call], usage, stop: "tool-calls" }],
    [{ _tag: "ToolStarted", callId: c }],
    [{ _tag: "ToolSettled", callId: c, outcome: { _tag: "Succeeded", content: [{ _tag: "Text", text }] } }],
    [{ _tag: "RoundCompleted", roundId: r, stop: "end" }]
  ]
}

interface Recorded {
  readonly id: SessionId
  readonly file: Buffer
  readonly wal: Buffer
  /** Everything that was appended, deltas included. */
  readonly all: ReadonlyArray<LogEntry>
  /** How long the log was, at most, when this number was acknowledged behind a barrier. */
  readonly promises: ReadonlyArray<{ readonly seq: number; readonly size: number }>
}

const record = (root: string) =>
  Effect.gen(function* () {
    const filename = join(root, "live.db")
    const sessions = yield* open(filename)
    const { id } = yield* sessions.create({})
    const all: Array<LogEntry> = []
    const promises: Array<{ readonly seq: number; readonly size: number }> = []
    for (let n = 1; n <= 3; n++)
      for (const events of round(n)) {
        all.push(...(yield* sessions.append(id, { after: all.length, epoch: 0 }, events)))
        if (events.some(needsBarrier)) promises.push({ seq: all.length, size: statSync(`${filename}-wal`).size })
      }
    copyFileSync(filename, join(root, "image.db"))
    return { id, file: readFileSync(filename), wal: readFileSync(`${filename}-wal`), all, promises } satisfies Recorded
  }).pipe(
    Effect.scoped,
    Effect.tap(() => Effect.sync(() => rmSync(join(root, "live.db"))))
  )

const block = 4096

/** What the disk may hold if the first `size` bytes of the log were synced. */
const damages: { readonly [name: string]: (wal: Buffer, size: number) => Buffer } = {
  "cut at any byte": (wal, size) => wal.subarray(0, size + below(wal.length - size + 1)),
  "garbled from any byte on": (wal, size) => {
    const from = size + below(wal.length - size + 1)
    return Buffer.from(wal.map((byte, i) => (i < from ? byte : below(256))))
  },
  "any blocks of 4 KiB lost": (wal, size) => {
    const left = Buffer.from(wal)
    for (let at = Math.ceil(size / block) * block; at < left.length; at += block)
      if (random() < 0.5) left.fill(0, at, Math.min(left.length, at + block))
    return left
  },
  "any blocks of 4 KiB garbled, and cut": (wal, size) => {
    const left = Buffer.from(wal)
    for (let at = Math.ceil(size / block) * block; at < left.length; at += block)
      if (random() < 0.3) left.fill(1 + below(255), at, Math.min(left.length, at + block))
    return left.subarray(0, size + below(left.length - size + 1))
  }
}

/** What is wrong with an image of which `size` bytes of the log were synced. */
const judge = (recorded: Recorded, filename: string, size: number) =>
  Effect.gen(function* () {
    const sessions = yield* open(filename)
    const promised = recorded.promises.findLast((promise) => promise.size <= size)?.seq ?? 0
    if ((yield* sessions.list({})).length === 0) return promised > 0 ? ["the session is lost"] : []
    const log = yield* sessions.read(recorded.id, 0)
    const head = log.at(-1)?.seq ?? 0
    const known = new Map(recorded.all.map((entry) => [entry.seq, entry]))
    const lasting = recorded.all.filter(({ event, seq }) => event._tag !== "TurnDelta" && seq <= head)
    const stored = new Set(log.map(({ seq }) => seq))
    return [
      ...(head < promised ? [`event ${promised} was promised, the log ends with ${head}`] : []),
      ...log
        .filter((entry) => !isDeepStrictEqual(entry, known.get(entry.seq)))
        .map(({ seq }) => `event ${seq} is another`),
      ...lasting.filter(({ seq }) => !stored.has(seq)).map(({ seq }) => `event ${seq} is missing`)
    ]
  }).pipe(
    Effect.scoped,
    Effect.catch((error) => Effect.succeed([`refused: ${error.message}`]))
  )

const root = mkdtempSync(join(tmpdir(), "parley-powerloss-"))
const images = Number(values.images)
const perRecording = 200
const found = new Map(Object.keys(damages).map((name) => [name, { images: 0, wrong: 0 }]))
const began = performance.now()
try {
  let recorded = await Effect.runPromise(record(root))
  for (let n = 0; n < images; n++) {
    if (n > 0 && n % perRecording === 0) recorded = await Effect.runPromise(record(root))
    const kinds = Object.entries(damages)
    const [name, damage] = kinds[n % kinds.length] ?? ["", (wal: Buffer) => wal]
    const size = recorded.promises[below(recorded.promises.length)]?.size ?? 0
    const filename = join(root, "image.db")
    for (const end of ["-wal", "-shm"]) rmSync(filename + end, { force: true })
    writeFileSync(filename, recorded.file)
    writeFileSync(`${filename}-wal`, damage(recorded.wal, size))
    const wrong = await Effect.runPromise(judge(recorded, filename, size))
    const row = found.get(name)
    if (row === undefined) continue
    row.images++
    if (wrong.length > 0) row.wrong++
    for (const problem of wrong) console.error(`image ${n}, ${name}: ${problem}`)
  }
} finally {
  rmSync(root, { recursive: true, force: true })
}
const seconds = Math.round((performance.now() - began) / 1000)
const rows = [...found].map(([name, row]) => `| ${name} | ${row.images} | ${row.wrong} |`)
const total = [...found.values()].reduce((sum, row) => sum + row.wrong, 0)
const table = ["| what happened to the rest | images | wrong |", "| --- | --- | --- |", ...rows].join("\n")
console.log(`${table}\n${images} images, ${total} wrong, ${seconds} s, seed ${values.seed}`)
if (values.write)
  writeFileSync(
    join(import.meta.dirname, "../docs/evidence/powerloss.md"),
    `# Loss of power

\`pnpm powerloss --images ${images} --seed ${values.seed}\`, ${seconds} s. Three rounds with a tool are stored as the engine
stores them. Then the log is taken as it was at one of its barriers, and what came after it, which no sync has covered, is
damaged. What is left is opened by the store. Wrong is: an event that was acknowledged behind that barrier is gone, an event
is another than was stored, one is missing among those that are there, or the database is refused.

${table}

This is a simulation: it believes that a disk keeps what \`fsync\` said it keeps.
`
  )
process.exitCode = total === 0 ? 0 : 1
