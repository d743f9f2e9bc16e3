// Cancels the built command on a terminal in each phase of a round, and checks the state afterwards. See
// docs/evidence/cancel.md.
//   pnpm cancel       20 cancels in each phase, 20 second presses of Ctrl-C, 20 other signals   --repeat N   N of each
//   --phase WORD   only phases whose name contains the word     --write   put the result into docs/evidence/cancel.md
import process from "node:process"
import { parseArgs } from "node:util"
import * as Effect from "effect/Effect"
import { ofRound, startUp } from "../../packages/harness/src/user/phases.ts"
import { removeCommand, theCommand } from "../../packages/harness/src/command/command.ts"
import { type Row, report } from "./report.ts"
import { type Cancel, first, hungUp, second, terminated } from "./round.ts"

const { values } = parseArgs({
  options: {
    repeat: { type: "string", default: "20" },
    phase: { type: "string", default: "" },
    write: { type: "boolean", default: false }
  }
})

const repeat = Number(values.repeat)
/** The 99th percentiles that P10 and goal G9 promise, in milliseconds. During start-up the whole command must end. */
const bounds = { prompt: 300, exit: 2000, second: 100 }

const times = <E>(cancel: (i: number) => Effect.Effect<Cancel, E>) =>
  Effect.runPromise(Effect.forEach(Array.from({ length: repeat }).keys(), cancel))

try {
  theCommand()
  const started = performance.now()
  const rows: Array<Row> = []
  const wanted = (name: string) => name.includes(values.phase)
  const add = async (phase: string, bound: number, cancel: (i: number) => Effect.Effect<Cancel, unknown>) => {
    if (wanted(phase)) rows.push({ phase, bound, cancels: await times(cancel) })
  }
  await add(startUp.name, bounds.exit, () => first(startUp))
  await add("prompt", bounds.prompt, () => first("prompt"))
  for (const phase of ofRound) await add(phase.name, bounds.prompt, () => first(phase))
  const inTurn = (i: number) => ofRound[i % ofRound.length] ?? startUp
  await add("second Ctrl-C, deaf server", bounds.second, (i) => second(inTurn(i)))
  await add("SIGTERM, deaf server", bounds.exit, (i) => terminated(inTurn(i)))
  await add("SIGHUP, deaf server", bounds.exit, (i) => hungUp(inTurn(i)))
  const failed = report(rows, { seconds: (performance.now() - started) / 1000, write: values.write })
  process.exitCode = failed ? 1 : 0
} finally {
  removeCommand()
}
