// Measures the cost of the files of a very large workspace: the first context, one after a change, and one without a change.
// usage: pnpm files [--files 57000,100000] [--shown 1000] [--repeat 5] [--write]
// With --write the table goes to docs/evidence/files.md.
import { fork } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { cpus, loadavg, release, tmpdir, type } from "node:os"
import { dirname, join, resolve } from "node:path"
import process from "node:process"
import { setTimeout as pause } from "node:timers/promises"
import { parseArgs } from "node:util"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Tracer from "effect/Tracer"
import { FilesManager } from "../packages/domain/src/FilesManager.ts"
import * as Baseline from "../packages/prompt/src/Baseline.ts"
import type { Digests } from "../packages/prompt/src/Part.ts"
import * as RoundPart from "../packages/prompt/src/RoundPart.ts"
import * as Files from "../packages/workspace/src/files/Files.ts"

interface Measured {
  readonly round: string
  readonly millis: number
  /** CPU milliseconds of all threads of the process; more reliable than wall time on a shared machine. */
  readonly cpu: number
  readonly opened: unknown
  readonly shown: number
  /** How many bytes the round adds to the request. */
  readonly added: number
  /** The peak resident memory of the round, in bytes above that before the first context. */
  readonly rss: number
  readonly heap: number
}

const options = {
  files: { type: "string", default: "57000,100000" },
  shown: { type: "string", default: "1000" },
  repeat: { type: "string", default: "5" }
} as const
const { positionals, values } = parseArgs({
  options: { ...options, write: { type: "boolean", default: false } },
  allowPositionals: true
})
const totals = values.files.split(",").map(Number)
const shown = Number(values.shown)

const prompt = {
  instructions: "You are measured.",
  capabilities: [],
  rules: [],
  includeWorkspaceMetadata: false,
  includeSystemInfo: false,
  includeDateTime: false
}
const environment = { timeZone: "UTC" }
const bytesOf = (texts: ReadonlyArray<string>): number => texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)

/** One tenth of the files is in a directory that no pattern matches, three tenths in one that an ignore file excludes. */
const make = (root: string, total: number): void => {
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  put(".gitignore", "build/\n*.log\n")
  put("AGENTS.md", "Be kind to this workspace.\n")
  put(".parley/context.json", '{ "include": ["**/doc*.md"] }')
  for (let i = 0; i < total; i++) {
    const [directory, ending] =
      i % 10 === 0 ? ["node_modules", "md"] : i % 3 === 0 ? ["build", "md"] : ["src", i % 7 === 0 ? "log" : "ts"]
    put(`${directory}/p${Math.floor(i / 1000)}/d${Math.floor(i / 50) % 20}/doc${i}.${ending}`, `// ${i}\n`.repeat(20))
  }
  for (let i = 0; i < shown; i++) put(`src/p${i % 50}/d${i % 20}/docs/doc${i}.md`, `Document ${i}. `.repeat(30))
}

/** Measures the rounds in this process, which must not have done anything else before. */
const measure = async (root: string): Promise<ReadonlyArray<Measured>> => {
  const runtime = ManagedRuntime.make(Files.layer({ root }))
  const before = process.memoryUsage()
  let known: Digests = {}
  const round = async (name: string): Promise<Measured> => {
    const most = { rss: 0, heap: 0 }
    const look = () => {
      const { heapUsed, rss } = process.memoryUsage()
      most.rss = Math.max(most.rss, rss - before.rss)
      most.heap = Math.max(most.heap, heapUsed - before.heapUsed)
    }
    // @effect-diagnostics-next-line globalTimers:off -- a sample of memory, outside of any Effect
    const watching = setInterval(look, 10)
    const spans: Array<Tracer.Span> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    const cpuBefore = process.cpuUsage()
    const started = performance.now()
    const { files } = await runtime.runPromise(
      Effect.withTracer(
        Effect.flatMap(FilesManager, ({ read }) => read),
        tracer
      )
    )
    const first = Object.keys(known).length === 0
    const { baseline } = Baseline.render({ prompt, tools: [], environment, files })
    const part = RoundPart.render({
      prompt,
      environment,
      now: 0,
      shown: first ? baseline.files : known,
      files,
      shownSlots: {},
      dynamic: [],
      attachments: [],
      pins: []
    })
    const millis = performance.now() - started
    const { system, user } = process.cpuUsage(cpuBefore)
    look()
    clearInterval(watching)
    known = { ...(first ? baseline.files : known), ...part.files }
    const added = bytesOf([
      ...(first ? [baseline.system] : []),
      ...part.blocks.map((block) => (block._tag === "Text" ? block.text : ""))
    ])
    const opened = spans.find(({ name }) => name === "Files.read")?.attributes.get("files.opened")
    return { round: name, millis, cpu: (system + user) / 1000, opened, shown: files.length, added, ...most }
  }
  const rounds = [await round("the first")]
  writeFileSync(join(root, "src/p7/d7/docs/doc7.md"), `Changed by ${process.pid}. `.repeat(20))
  rounds.push(await round("one file has changed"))
  // A file changed within the last two seconds may change again with the same timestamp, so the next check opens it again.
  rounds.push(await round("nothing has changed, at once"))
  await pause(3000)
  rounds.push(await round("nothing has changed, 3 s later"))
  rounds.push(await round("nothing has changed, at once again"))
  await runtime.dispose()
  return rounds
}

const mib = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1)
const number = (n: number): string => n.toLocaleString("en-US")

const table = (total: number, rounds: ReadonlyArray<Measured>, bare: number): string => {
  const first = rounds[0]?.millis ?? 0
  const firstCpu = rounds[0]?.cpu ?? 0
  const row = ({ added, cpu, heap, millis, opened, round, rss, shown }: Measured): string =>
    `| ${round} | ${millis.toFixed(0)} | ${(millis / first).toFixed(2)} | ${(millis / bare).toFixed(2)} | ${cpu.toFixed(0)} | ${(cpu / firstCpu).toFixed(2)} | ${String(opened)} | ${number(shown)} | ${number(added)} | ${mib(rss)} | ${mib(heap)} |`
  return `## ${number(total)} files

Node's own recursive listing of the same tree, names only and all of them, took ${bare.toFixed(0)} ms in the same run.

| context | ms | to the first | to the bare listing | CPU ms | to the first | files opened | files shown | bytes added to the request | RSS, MiB more | heap, MiB more |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${rounds.map(row).join("\n")}
`
}

const report = (tables: ReadonlyArray<string>): string => {
  const args = process.argv.slice(2).filter((word) => word !== "--write")
  return `# Files of a large workspace

\`pnpm ${["files", ...args].join(" ")}\`, ${new Intl.DateTimeFormat("sv").format()}, Node ${process.versions.node}, ${type()} ${release()}, ${cpus().length} cores (${cpus()[0]?.model.split(" ").slice(0, 2).join(" ") ?? "unknown"}).

Workspaces of small files, and ${number(shown)} more that \`**/doc*.md\` finds. A tenth of them is in \`node_modules\`, and three
tenths in a directory that \`.gitignore\` names. There is an AGENTS.md, too. A process builds the files' part of the context through \`Files.layer\` and
\`prompt/Baseline\`, a file changes, and it builds again. The files have just been made, so the system has them in memory.
The load average of the machine was ${loadavg()[0]?.toFixed(1) ?? "unknown"}. On a shared machine, CPU time is more reliable than wall time.

${tables.join("\n")}
Times and memory are medians of ${values.repeat} processes; files opened is the maximum of all. Memory is the peak during the
round, sampled every 10 ms and at its end, above that before the first round. A file that changed less than two seconds
before it is read is read again the next time, because a further change might have the same timestamp.
`
}

const median = (numbers: ReadonlyArray<number>): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0

/** The medians of several measurements of one round. The number of files shown must be the same each time. */
const middle = (times: ReadonlyArray<Measured>): Measured => {
  const [one] = times
  const counts = new Set(times.map(({ shown }) => shown))
  if (one === undefined || counts.size !== 1)
    throw new Error(`the runs show different numbers of files: ${[...counts].join(", ")}`)
  const of = (key: "millis" | "cpu" | "rss" | "heap") => median(times.map((time) => time[key]))
  const opened = Math.max(...times.map(({ opened }) => Number(opened)))
  return { ...one, opened, millis: of("millis"), cpu: of("cpu"), rss: of("rss"), heap: of("heap") }
}

/** Measures all rounds in a separate process. */
const measured = (root: string) =>
  new Promise<ReadonlyArray<Measured>>((done, failed) => {
    const child = fork(resolve(import.meta.filename), ["measure", root])
    let answer: ReadonlyArray<Measured> | undefined
    child.on("message", (message: ReadonlyArray<Measured>) => (answer = message))
    child.on("close", (code) =>
      answer === undefined ? failed(new Error(`the process ended with ${code}`)) : done(answer)
    )
  })

const [mode, place] = positionals
if (mode === "measure" && place !== undefined) {
  process.send?.(await measure(place))
} else {
  const tables: Array<string> = []
  for (const total of totals) {
    const root = mkdtempSync(join(tmpdir(), "parley-files-"))
    try {
      make(root, total)
      // Wait until no file counts as recently changed.
      await pause(3000)
      const runs: Array<ReadonlyArray<Measured>> = []
      const bare: Array<number> = []
      for (let i = 0; i < Number(values.repeat); i++) {
        const began = performance.now()
        readdirSync(root, { recursive: true })
        bare.push(performance.now() - began)
        runs.push(await measured(root))
        // Wait until the changed file no longer counts as recently changed.
        await pause(3000)
      }
      const rounds = (runs[0] ?? []).map((_, i) => middle(runs.flatMap((run) => run[i] ?? [])))
      tables.push(table(total, rounds, median(bare)))
    } finally {
      rmSync(root, { recursive: true, force: true })
    }
  }
  const text = report(tables)
  console.log(text)
  if (values.write) writeFileSync(join(import.meta.dirname, "../docs/evidence/files.md"), text)
}
