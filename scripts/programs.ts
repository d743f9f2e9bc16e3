// Runs generated programs against the coordinator, many more than the tests do.
// usage: pnpm programs [--laws] --runs 100000 --seed 1 [--workers 2] [--minutes 10] [--evidence]
// With --laws, programs of edits, configurations, restarts and compactions are checked against the laws of context.
// With --minutes, it stops after that time, however many programs were run.
// With --evidence, the result is written to docs/evidence/programs.md, or laws.md, even if it failed.
import { fork } from "node:child_process"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { availableParallelism, cpus } from "node:os"
import { join, resolve } from "node:path"
import { parseArgs } from "node:util"

interface Part {
  readonly seed: number
  readonly runs: number
  readonly rounds: number
  readonly requests: number
  readonly calls: number
  readonly compactions: number
  readonly seconds: number
  /** A description of the invariants that were checked. */
  readonly invariants: string
  readonly failure?: string
}

const root = resolve(import.meta.dirname, "..")
const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
    workers: { type: "string", default: "1" },
    minutes: { type: "string", default: "600" },
    evidence: { type: "boolean", default: false },
    laws: { type: "boolean", default: false }
  }
})
const [runs, seed, workers] = [Number(values.runs), Number(values.seed), Number(values.workers)]

/** One process with its share of the runs, in batches. Each batch has its own seed, to reproduce a failure quickly. */
const part = (seed: number, runs: number) =>
  new Promise<Part>((done, failed) => {
    const child = fork(
      join(root, "packages/session/test/programs-worker.ts"),
      [String(seed), String(runs), values.minutes, values.laws ? "laws" : "programs"],
      {
        stdio: "inherit"
      }
    )
    let answer: Part | undefined
    child.on("message", (message) => (answer = JSON.parse(typeof message === "string" ? message : "null")))
    child.on("close", (code) =>
      answer === undefined ? failed(new Error(`seed ${seed}: the process ended with ${code}`)) : done(answer)
    )
  })

const ofPrograms = `A program is up to twelve commands against two sessions: messages with scripted answers and attempts that
fail, cancellations, crashes, recovery, a second process, a slow or failing disk, changes of configuration, previews. Each is
compared with the reference model after every command, and its sessions, models and tools with the invariants of \`docs/invariants.md\`.`

const ofLaws = `A program is up to 24 commands against one session: messages with and without tool calls, edits and removals of files,
another prompt, other tools in the order their servers happened to connect, hours that pass, restarts, compactions on request
and automatic ones (a small window, or a model that reports "too large"), undo. For every request: without a new baseline or
a compaction it begins with the bytes of the previous one; its latest content of a file equals the file; its files are
ordered by code units; and the stored log alone gives the same request again. A new baseline needs a reason. All invariants
that can be checked from a session, its subscriber, its requests and its calls hold as well.`

const today = new Intl.DateTimeFormat("sv").format()
const started = performance.now()
const share = Math.ceil(runs / workers)
const parts = await Promise.all(Array.from({ length: workers }, (_, i) => part(seed + i * 1_000_000, share)))
const seconds = (performance.now() - started) / 1000
const sum = (of: (part: Part) => number) => parts.reduce((total, part) => total + of(part), 0)
const done = sum((part) => part.runs)
const failures = parts.flatMap(({ failure }) => (failure === undefined ? [] : [failure]))
const number = (n: number) => n.toLocaleString("en-US")
console.log(
  `${number(done)} programs in ${seconds.toFixed(0)} s (${(done / seconds).toFixed(0)} per second), ` +
    `${number(sum((part) => part.rounds))} rounds, ${failures.length} failures`
)
const invariants = [...new Set(parts.map((part) => part.invariants))].join(" / ")
console.log(invariants)
for (const failure of failures) console.log(failure)

if (values.evidence) {
  const commandLine = process.argv.slice(2).filter((word) => word !== "--evidence")
  const effect = JSON.parse(readFileSync(join(root, "node_modules/effect/package.json"), "utf8")).version
  mkdirSync(join(root, "docs/evidence"), { recursive: true })
  writeFileSync(
    join(root, `docs/evidence/${values.laws ? "laws" : "programs"}.md`),
    `# ${values.laws ? "The laws of context" : "Generated programs"}

\`pnpm programs ${commandLine.join(" ")}\`, ${today}, Node ${process.versions.node}, Effect ${effect}, ${process.platform}, ${availableParallelism()} cores (${cpus()[0]?.model.split(" ").slice(0, 2).join(" ")}).

${values.laws ? ofLaws : ofPrograms}

${invariants}.

| | |
| --- | ---: |
| programs | ${number(done)} |
| rounds | ${number(sum((part) => part.rounds))} |
| requests to models | ${number(sum((part) => part.requests))} |
| ${values.laws ? "compactions" : "calls that reached tools"} | ${number(sum((part) => (values.laws ? part.compactions : part.calls)))} |
| failures | ${failures.length} |
| first seeds of the processes | ${parts.map((part) => part.seed).join(", ")} |
| duration | ${seconds.toFixed(0)} s |
| programs per second | ${(done / seconds).toFixed(0)} |
${failures.map((failure) => `\n\`\`\`\n${failure}\n\`\`\`\n`).join("")}`
  )
}
process.exitCode = failures.length === 0 ? 0 : 1
