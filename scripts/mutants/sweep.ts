// Generates mutants from source files, and reports those that no test detects.
// usage: pnpm sweep [--each 8] [--add LIST] [--keep 2] [--tests FILE,...] [--project NAME] [--workers 1] SOURCE...
//   --each    how many mutants of each source are tried, sampled evenly from all; 0 for all
//   --tests   the test files to run; default: the five with the shortest import chains to the source
//   --add     adds up to `--keep` killed mutants of each source to mutants/LIST.json
import { readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { parseArgs } from "node:util"
import { type Candidate, candidatesOf } from "./candidates.ts"
import { testsOf } from "./graph.ts"
import { judge } from "./judge.ts"
import { addMutants, type Mutant } from "./lists.ts"
import { Runner } from "./runner.ts"

const root = resolve(import.meta.dirname, "../..")
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    each: { type: "string", default: "8" },
    add: { type: "string" },
    keep: { type: "string", default: "2" },
    project: { type: "string" },
    tests: { type: "string" },
    workers: { type: "string", default: "1" }
  }
})

/** An evenly spaced sample. */
const sample = <A>(all: ReadonlyArray<A>, count: number): ReadonlyArray<A> =>
  count === 0 || all.length <= count
    ? all
    : Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]!)

const projectOf = (file: string): string => values.project ?? file.split("/")[1] ?? ""

const short = (file: string): string =>
  file
    .replace(/^packages\//, "")
    .replace("/src/", "/")
    .replace(/\.ts$/, "")

/** Chooses the killed mutants to keep, with different kinds of changes if possible. */
const kept = (killed: ReadonlyArray<Mutant & { readonly change: string }>): ReadonlyArray<Mutant> => {
  const firsts = [...Map.groupBy(killed, ({ change }) => change).values()].flatMap(([first]) => first ?? [])
  return firsts.slice(0, Number(values.keep)).map(({ change: _, ...mutant }) => mutant)
}

let survived = 0
let tried = 0

const sweep = async (runner: Runner, file: string): Promise<void> => {
  const project = projectOf(file)
  const tests = values.tests?.split(",") ?? testsOf(root, file, project).slice(0, 5)
  const control = await runner.tests({ project, tests, all: true })
  if (tests.length === 0 || control === "ran out of time" || control.failures.length > 0) {
    console.log(
      `SKIPPED   ${file}: ${tests.length === 0 ? "no test imports it" : JSON.stringify(control).slice(0, 500)}`
    )
    return
  }
  const killed: Array<Mutant & { readonly change: string }> = []
  const candidates = sample(candidatesOf(file, readFileSync(join(root, file), "utf8")), Number(values.each))
  for (const candidate of candidates) {
    const verdict = judge({}, await runner.plant(candidate, { project, tests }))
    tried++
    if (verdict._tag === "Killed") killed.push(mutantOf(candidate, project, verdict.file, verdict.says))
    else {
      survived++
      console.log(`SURVIVED  ${file}:${candidate.line}: ${candidate.change}: ${verdict.why}`)
    }
  }
  console.log(
    `${file}: ${killed.length} of ${candidates.length} killed by ${tests.map((test) => test.split("/").at(-1)).join(", ")}`
  )
  if (values.add !== undefined) addMutants(values.add, kept(killed))
}

const mutantOf = (
  { change, file, find, line, replace }: Candidate,
  project: string,
  test: string,
  says: string
): Mutant & { readonly change: string } => ({
  guards: `${says} (${short(file)} ${line}: ${change})`,
  file,
  find,
  replace,
  project,
  test: test.replace(/^.*?(?=test\/)/, ""),
  says,
  change
})

const runners = await Promise.all(Array.from({ length: Number(values.workers) }, () => Runner.make()))
try {
  const queue = positionals.values()
  await Promise.all(
    runners.map(async (runner) => {
      for (const file of queue) await sweep(runner, file)
    })
  )
} finally {
  await Promise.all(runners.map((runner) => runner.close()))
}
console.log(`${tried} tried, ${survived} survived`)
