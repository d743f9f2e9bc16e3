// Plants each bug of packages/*/test/mutants/*.json in a copy of the packages and runs the tests that must detect it.
// usage: pnpm mutants [--changed] [--most N] [--record] [--workers 2] [text in "guards" or "file"]...
//   --changed   only those whose file or test has changed since they were last killed
//   --most      fail immediately if more than N mutants would be run
//   --record    store each verdict, and the failure message of each mutant without `says`
import process from "node:process"
import { parseArgs } from "node:util"
import { judge, type Verdict } from "./judge.ts"
import { type Mutant, readLists, recordSays } from "./lists.ts"
import { changedMutants, recordVerdict } from "./killed.ts"
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
const names = new Set(mutants.map(({ guards }) => guards))
const chosen = (values.changed ? changedMutants(mutants) : mutants).filter(
  ({ file, guards }) => positionals.length === 0 || positionals.some((text) => `${guards} ${file}`.includes(text))
)

if (values.most !== undefined && chosen.length > Number(values.most)) {
  console.error(
    `${chosen.length} mutants have to be run, but at most ${values.most} are allowed here: ` +
      "run `pnpm mutants --changed --record` and commit docs/evidence/mutants.json"
  )
  process.exit(1)
}

const started = performance.now()
let survived = 0

const record = (mutant: Mutant, verdict: Verdict): void => {
  if (verdict._tag !== "Killed") return recordVerdict(mutant, false, names)
  if (mutant.says === undefined) recordSays(mutant.guards, verdict.says)
  recordVerdict(Object.assign({}, mutant, { says: mutant.says ?? verdict.says }), true, names)
}

const plant = async (runner: Runner, mutant: Mutant): Promise<void> => {
  const begun = performance.now()
  const { name, project, test } = mutant
  const request = { project, tests: [test], ...(name === undefined ? {} : { name }) }
  const verdict: Verdict = failing.has(testOf(mutant))
    ? { _tag: "Survived", why: "its test fails without a mutant" }
    : judge(mutant, await runner.plant(mutant, request))
  const seconds = `${((performance.now() - begun) / 1000).toFixed(1)} s`
  if (verdict._tag === "Killed") {
    console.log(`killed    ${mutant.guards} (${seconds})`)
  } else {
    survived++
    console.log(`SURVIVED  ${mutant.guards} (${seconds})\n    ${mutant.file}: ${verdict.why}`)
  }
  if (values.record) record(mutant, verdict)
}

/** Test files that fail without a mutant. They would fail with every mutant, so their mutants prove nothing. */
const failing = new Set<string>()
const testOf = ({ project, test }: Mutant): string => `${project} ${test}`

/** The control: runs the tests without a mutant. */
const control = async (runner: Runner, mutant: Mutant): Promise<void> => {
  const { project, test } = mutant
  const ran = await runner.tests({ project, tests: [test], all: true })
  const failures = ran === "ran out of time" ? [{ test: "all", text: ran }] : ran.failures
  if (failures.length === 0) return
  failing.add(testOf(mutant))
  for (const failure of failures) console.log(`FAILS WITHOUT A MUTANT  ${project}: ${failure.test}: ${failure.text}`)
}

const runners = await Promise.all(Array.from({ length: Number(values.workers) }, () => Runner.make()))

/** Distributes the queue: each runner takes the next mutant when it has finished one. */
const share = (queue: IterableIterator<Mutant>, work: (runner: Runner, mutant: Mutant) => Promise<void>) =>
  Promise.all(
    runners.map(async (runner) => {
      for (const mutant of queue) await work(runner, mutant)
    })
  )

try {
  const tested = new Map(chosen.map((mutant) => [testOf(mutant), mutant]))
  await share(tested.values(), control)
  await share(chosen.values(), plant)
} finally {
  await Promise.all(runners.map((runner) => runner.close()))
}
const minutes = ((performance.now() - started) / 60_000).toFixed(1)
console.log(`${chosen.length - survived} killed, ${survived} survived, ${minutes} min`)
process.exitCode = survived === 0 ? 0 : 1
