import { readFileSync, writeFileSync } from "node:fs"
import { cpus, release, type } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { passed, type Revision, type Verdict } from "./referee.ts"

export interface Result {
  readonly revision: Revision
  readonly verdicts: ReadonlyArray<Verdict>
  /** The verdicts on a command that does nothing. */
  readonly control: ReadonlyArray<Verdict>
}

const evidence = join(import.meta.dirname, "../../docs/evidence/conformance.md")

const sum = (verdicts: ReadonlyArray<Verdict>, of: (verdict: Verdict) => number): number =>
  verdicts.reduce((total, verdict) => total + of(verdict), 0)

const summary = ({ control, revision, verdicts }: Result): string =>
  [
    `${revision}: ${verdicts.filter(passed).length}/${verdicts.length} scenarios;`,
    `checks: ${sum(verdicts, ({ succeeded }) => succeeded)} passed,`,
    `${sum(verdicts, ({ failures }) => failures.length)} failed,`,
    `${sum(verdicts, ({ warnings }) => warnings)} warnings,`,
    `${sum(verdicts, ({ skipped }) => skipped)} skipped;`,
    `the control \`true\` passes ${control.filter(passed).length}/${control.length}`
  ].join(" ")

const table = ({ revision, verdicts }: Result): ReadonlyArray<string> => [
  `| ${revision} | passed | failed | warnings | skipped |`,
  "| --- | ---: | ---: | ---: | ---: |",
  ...verdicts.map(
    ({ failures, scenario, skipped, succeeded, warnings }) =>
      `| ${scenario} | ${succeeded} | ${failures.length} | ${warnings} | ${skipped} |`
  )
]

/** Replaces the tables in the evidence file and keeps the explanation above them. */
const write = (text: string): void => {
  const [words = ""] = readFileSync(evidence, "utf8").split(/^## Runs$/m)
  writeFileSync(evidence, `${words.trimEnd()}\n\n## Runs\n\n${text}\n`)
}

/** Prints the results and the problems. */
export const report = (
  results: ReadonlyArray<Result>,
  problems: ReadonlyArray<string>,
  options: { readonly seconds: number; readonly write: boolean }
): void => {
  for (const result of results) console.log(summary(result))
  for (const problem of problems) console.log(`  ${problem}`)
  if (!options.write) return
  const machine = `${cpus().length} cores, ${type()} ${release().split("-")[0]}, Node ${process.versions.node}`
  const command = ["pnpm conformance", ...process.argv.slice(2)].join(" ")
  const when = new Intl.DateTimeFormat("sv-SE").format()
  write(
    [
      `${when}, ${machine}; ${Math.round(options.seconds)} s; \`${command}\``,
      results.map((result) => `- ${summary(result)}`).join("\n"),
      ...results.map((result) => table(result).join("\n"))
    ].join("\n\n")
  )
}
