// Plants each bug of mutants/*.json in a copy of the packages and runs the tests that must notice.
// usage: pnpm mutants [--changed] [--most N] [--record] [--workers 2] [text in "guards" or "file"]...
//   --changed   only those of files that have changed since all their mutants were last killed
//   --most      fail at once when more than that are to be run
//   --record    writes down what the tests said of mutants that do not say it, and which files are done
import process from "node:process"
import { parseArgs } from "node:util"
import { judge } from "./judge.ts"
import { type Mutant, readLists, recordSays } from "./lists.ts"
import { changedFiles, recordKilled } from "./killed.ts"
import { Runner } from "./runner.ts"

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    changed: { type: "boolean", default: false },
    most: { type: "string" },
    record: { type: "boolean", default: false },
    workers: { type: "string", default: "2" }
  }
})

const mutants = readLists().flatMap((list) => list.mutants)
const changed = values.changed ? changedFiles(mutants) : undefined
const chosen = mutants.filter(
  ({ file, guards }) =>
    (positionals.length === 0 || positionals.some((text) => `${guards} ${file}`.includes(text))) &&
    (changed === undefined || changed.has(file))
)

if (values.most !== undefined && chosen.length > Number(values.most)) {
  console.error(
    `${chosen.length} planted bugs are to be tried, and at most ${values.most} may be here: ` +
      "run `pnpm mutants --changed --record` and commit docs/evidence/mutants.json"
  )
  process.exit(1)
}

const started = performance.now()
const says = new Map<string, string>()
const survivors: Array<Mutant> = []

const plant = async (runner: Runner, mutant: Mutant): Promise<void> => {
  const begun = performance.now()
  const { name, project, test } = mutant
  const request = { project, tests: [test], ...(name === undefined ? {} : { name }) }
  const verdict = judge(mutant, await runner.plant(mutant, request))
  const seconds = `${((performance.now() - begun) / 1000).toFixed(1)} s`
  if (verdict._tag === "Killed") {
    if (mutant.says === undefined) says.set(mutant.guards, verdict.says)
    console.log(`killed    ${mutant.guards} (${seconds})`)
  } else {
    survivors.push(mutant)
    console.log(`SURVIVED  ${mutant.guards} (${seconds})\n    ${mutant.file}: ${verdict.why}`)
  }
}

/** The control: tests that fail without a bug would notice every bug. */
const control = async (runner: Runner, { project, test }: Mutant): Promise<void> => {
  const ran = await runner.tests({ project, tests: [test], all: true })
  const failures = ran === "ran out of time" ? [{ test: "all", text: ran }] : ran.failures
  if (failures.length === 0) return
  for (const failure of failures) console.log(`${project}: ${failure.test}: ${failure.text}`)
  throw new Error(`${test} of ${project} fails without a mutant`)
}

const runners = await Promise.all(Array.from({ length: Number(values.workers) }, () => Runner.make()))

/** Gives each runner the next one when it is done with one. */
const share = (queue: IterableIterator<Mutant>, work: (runner: Runner, mutant: Mutant) => Promise<void>) =>
  Promise.all(
    runners.map(async (runner) => {
      for (const mutant of queue) await work(runner, mutant)
    })
  )

try {
  const tested = new Map(chosen.map((mutant) => [`${mutant.project} ${mutant.test}`, mutant]))
  await share(tested.values(), control)
  await share(chosen.values(), plant)
} finally {
  await Promise.all(runners.map((runner) => runner.close()))
}
if (values.record) {
  recordSays(says)
  recordKilled(
    readLists().flatMap((list) => list.mutants),
    chosen,
    survivors
  )
}
const minutes = ((performance.now() - started) / 60_000).toFixed(1)
console.log(`${chosen.length - survivors.length} killed, ${survivors.length} survived, ${minutes} min`)
process.exitCode = survivors.length === 0 ? 0 : 1
