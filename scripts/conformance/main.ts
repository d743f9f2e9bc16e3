// Runs the official conformance suite against the built command, with the scenarios that each revision of MCP requires of a
// client. As a control, a command that does nothing must pass no scenario.
//   pnpm conformance            both revisions
//   --revision 2026-07-28       one of them         --write   put the result into docs/evidence/conformance.md
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { parseArgs } from "node:util"
import { removeCommand, theCommand } from "../../packages/harness/src/command/command.ts"
import { judge, passed, required, type Revision } from "./referee.ts"
import { report } from "./report.ts"

const { values } = parseArgs({
  options: { revision: { type: "string" }, write: { type: "boolean", default: false } }
})
const all: ReadonlyArray<Revision> = ["2025-11-25", "2026-07-28"]
const revisions = all.filter((one) => values.revision === undefined || values.revision === one)
if (revisions.length === 0) throw new Error(`--revision is one of ${all.join(", ")}`)

const home = mkdtempSync(join(tmpdir(), "parley-conformance-home-"))
try {
  const { cache, parley } = theCommand()
  Object.assign(process.env, { PARLEY_COMMAND: parley, NODE_COMPILE_CACHE: cache, CONFORMANCE_HOME: home })
  const client = join(import.meta.dirname, "client.ts")
  const started = performance.now()
  const results = revisions.map((revision) => ({
    revision,
    verdicts: judge(`"${process.execPath}" "${client}"`, revision),
    control: judge("true", revision)
  }))
  const problems = results.flatMap(({ control, revision, verdicts }) => [
    ...verdicts
      .filter((verdict) => !passed(verdict))
      .map(
        ({ failures, scenario }) =>
          `${revision} ${scenario}: ${failures.length === 0 ? "nothing was checked" : failures.join("; ")}`
      ),
    ...(verdicts.length === required[revision]
      ? []
      : [`${revision}: ${verdicts.length} scenarios were run, and ${required[revision]} are required`]),
    ...control
      .filter(passed)
      .map(
        ({ scenario }) =>
          `${revision} ${scenario}: a command that does nothing passes it, so the scenario proves nothing`
      )
  ])
  report(results, problems, { seconds: (performance.now() - started) / 1000, write: values.write })
  process.exitCode = problems.length === 0 ? 0 : 1
} finally {
  removeCommand()
  rmSync(home, { recursive: true, force: true })
}
