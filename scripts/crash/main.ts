// Kills the built command at every system call that changes its database, makes those calls fail, or kills the command at
// random instants. Then it sends a real message. See docs/evidence/crash.md.
//   pnpm crash                      each point of each round, SIGKILL          --every N   only each Nth point
//   pnpm crash --faults             the same points, failing with ENOSPC and EIO, once and from then on
//   pnpm crash --random N --seed S  N kills at random instants, each bound to the progress of the process
// Rounds that are commands, such as an undo, are not part of --random.
//   --round WORD   only rounds whose name contains the word      --write   put the result into docs/evidence/crash.md
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { parseArgs } from "node:util"
import { provenance } from "../provenance.ts"
import { faultJobs } from "./faults.ts"
import { killJobs } from "./kills.ts"
import { randomJobs } from "./random.ts"
import { makePlace } from "./place.ts"
import { prepare, rounds } from "./rounds.ts"
import { type Job, report } from "./report.ts"

const { values } = parseArgs({
  options: {
    every: { type: "string", default: "1" },
    faults: { type: "boolean", default: false },
    random: { type: "string" },
    round: { type: "string", default: "" },
    seed: { type: "string", default: "1" },
    workers: { type: "string", default: "2" },
    write: { type: "boolean", default: false }
  }
})

if (values.random === undefined && spawnSync("strace", ["--version"]).error !== undefined) {
  console.error("pnpm crash needs strace: apt-get install -y strace (--random works without it)")
  process.exit(2)
}

const where = provenance()
const root = mkdtempSync(join(tmpdir(), "parley-crash-"))
const places = await Promise.all(
  Array.from({ length: Number(values.workers) }, (_, i) => makePlace(join(root, `${i}`)))
)
try {
  for (const place of places) await prepare(place)
  const [first] = places
  if (first === undefined) throw new Error("--workers must be at least 1")
  const chosen = rounds.filter(({ name }) => name.includes(values.round))
  const every = Number(values.every)
  const jobs: ReadonlyArray<Job> =
    values.random !== undefined
      ? await randomJobs(
          first,
          chosen.filter(({ command }) => command === undefined),
          Number(values.random),
          Number(values.seed)
        )
      : values.faults
        ? await faultJobs(first, chosen, every)
        : await killJobs(first, chosen, every)
  const started = performance.now()
  const done: Array<{ readonly job: Job; readonly outcome: Awaited<ReturnType<Job["run"]>> }> = []
  const queue = jobs.values()
  const work = async (place: (typeof places)[number]) => {
    for (const job of queue) {
      const outcome = await job.run(place)
      done.push({ job, outcome })
      for (const problem of Object.values(outcome.verdict).flat())
        console.error(`${job.round}, ${job.name}: ${problem}`)
      if (Number(outcome.reached) < (job.points ?? 1))
        console.error(`${job.round}: not reached: ${outcome.missed?.join("; ") ?? job.name}`)
    }
  }
  await Promise.all(places.map(work))
  const failed = report(done, { seconds: (performance.now() - started) / 1000, write: values.write, where })
  process.exitCode = failed ? 1 : 0
} finally {
  for (const { provider } of places) provider.close()
  rmSync(root, { recursive: true, force: true })
}
