// Prints, for each manager with a planted bug, how many runs its contract suite needs to find it, and what it reports.
// usage: pnpm contracts [--write]
// With --write the table goes to docs/evidence/contracts.md. Fails if a suite does not find a bug.
import { writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import process from "node:process"
import { parseArgs } from "node:util"
import * as Effect from "effect/Effect"
import { words } from "../packages/testing/src/contract/ContractRule.ts"
import { all } from "../packages/testing/test/planted/all.ts"
import { provenance } from "./provenance.ts"

const { values } = parseArgs({ options: { write: { type: "boolean", default: false } } })

const found = await Effect.runPromise(
  Effect.forEach(all, (planted) => Effect.map(planted.violations, ([first]) => ({ ...planted, first })))
)

const cell = (text: string) => text.replaceAll("|", "\\|")
const rows = found.map(
  ({ bug, first, suite }) =>
    `| ${suite} | ${cell(bug)} | ${first?.rule ?? "not found"} | ${first?.runs ?? "-"} | ${cell(first?.problem ?? "-")} |`
)
const example = (suite: string, bug: string) => {
  const first = found.find((planted) => planted.suite === suite && planted.bug === bug)?.first
  return first === undefined ? "" : `The ${suite} that ${bug}:\n\n\`\`\`\n${words(first)}\n\`\`\`\n`
}

const report = `# Contract suites

Each manager below has one bug. The table shows which rule of its contract suite finds the bug, in which generated run (rules
without generated programs need one), and the first sentence of the report. The seed is 1.

| suite | the manager | rule | runs | report |
| --- | --- | --- | ---: | --- |
${rows.join("\n")}

The whole report has the shrunk program, what was expected and what was received.

${[
  example("SessionManager", "swaps overlapping appends"),
  example("SessionManager", "loses an event after a failed append"),
  example("SessionManager", "acknowledges before durable"),
  example("McpManager", "answers with another call's result"),
  example("ModelsManager", "emits two `Finish`"),
  example("FilesManager", "changes a file between two reads")
].join("\n")}
${provenance()}; \`pnpm contracts --write\`
`

console.log(report)
if (values.write) writeFileSync(join(resolve(import.meta.dirname, ".."), "docs/evidence/contracts.md"), report)
const wrong = found.filter(({ first, reports }) => first === undefined || !reports.test(first.problem))
for (const { bug, suite } of wrong) console.error(`${suite}: not found: ${bug}`)
process.exitCode = wrong.length === 0 ? 0 : 1
