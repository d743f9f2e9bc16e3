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
const control = async (runner: Runner): Promise<void> => {
  for (const project of new Set(chosen.map((mutant) => mutant.project))) {
    const tests = [...new Set(chosen.filter((mutant) => mutant.project === project).map(({ test }) => test))]
    const ran = await runner.tests({ project, tests, all: true })
    const failures = ran === "ran out of time" ? [{ test: "all", text: ran }] : ran.failures
    if (failures.length === 0) continue
    for (const { test, text } of failures) console.log(`${project}: ${test}: ${text}`)
    throw new Error(`the tests of ${project} fail without a mutant`)
  }
}

const runners = await Promise.all(Array.from({ length: Number(values.workers) }, () => Runner.make()))
try {
  const [first] = runners
  if (first !== undefined) await control(first)
  const queue = chosen.values()
  await Promise.all(
    runners.map(async (runner) => {
      for (const mutant of queue) await plant(runner, mutant)
    })
  )
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
