import { SessionId } from "@parley/domain/Ids"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import type { MakeEngine, ProgramOptions } from "./ProgramEngine.ts"
import type { Findings } from "../invariants/Invariants.ts"
import { ProgramState } from "./ProgramState.ts"
import { initialConfig, messageText, type Program, type ProgramCommand } from "./Programs.ts"
import type { EngineLimits } from "./ReferenceModel.ts"

export type { Engine, MakeEngine, ProgramOptions } from "./ProgramEngine.ts"

/**
 * The violations found, and how much was run.
 *
 * @since 0.1.0
 * @category models
 */
export interface Report {
  readonly violations: ReadonlyArray<string>
  /** Which of `Invariants.all` were checked for its sessions, and which could not be. */
  readonly findings: Pick<Findings, "checked" | "unchecked">
  readonly rounds: number
  readonly requests: number
  readonly calls: number
}

/**
 * The ids of the sessions that programs use.
 *
 * @since 0.1.0
 * @category constants
 */
export const sessionIds = [SessionId.make("session-0"), SessionId.make("session-1")] as const

const command = Effect.fnUntraced(function* (state: ProgramState, n: number, command: ProgramCommand) {
  switch (command._tag) {
    case "Message":
      return yield* state.send(
        messageText(n),
        sessionIds[command.session],
        command.writer,
        command.script,
        command.edits
      )
    case "Undo":
      return yield* state.undo(sessionIds[command.session], command.writer, command.rounds)
    case "Redo":
      return yield* state.undo(sessionIds[command.session], command.writer, "redo")
    case "Fork":
      return yield* state.fork(sessionIds[command.session], command.writer)
    case "Cancel":
      return yield* command.how === "cancel"
        ? state.cancel(sessionIds[command.session])
        : state.interrupt(sessionIds[command.session])
    case "Crash":
      return yield* state.crash(command.writer)
    case "Lapse":
      return yield* state.lapse(command.writer)
    case "Recover":
      return yield* state.recover(command.writer)
    case "Answer":
      return yield* state.answer(command.writer, sessionIds[command.session], command.allow)
    case "Resume":
      return yield* state.resume(command.writer, sessionIds[command.session])
    case "Person":
      return state.configure(Object.assign({}, state.world.config, { person: command.person }))
    case "Configure":
      return state.configure(command.config)
    case "Preview":
      return yield* state.preview(sessionIds[command.session])
    case "Disk":
      return state.disturbDisk({ ...command })
  }
})

/**
 * Runs a program in its own world, compares the log with `ReferenceModel` after every command, and finally checks that the
 * sessions can be continued. Requires an empty store and a `TestClock`, which it advances when nothing progresses. `limits`
 * must be those of the engine. With `options`, the engine has managers of the user.
 *
 * @since 0.1.0
 * @category functions
 */
export const run = Effect.fnUntraced(function* (
  program: Program,
  engine: MakeEngine,
  limits: EngineLimits,
  options?: ProgramOptions
) {
  const sessions = yield* SessionManager
  const state = new ProgramState(sessions, engine, limits, options)
  for (const id of sessionIds) yield* state.watch(id)
  for (const [n, step] of program.entries()) {
    yield* command(state, n + 1, step.command)
    if (step.go === "rest") yield* state.rest
    else yield* Effect.repeat(Effect.yieldNow, { times: step.go })
    yield* state.compare
  }
  yield* goesOn(state)
  yield* state.compare
  yield* state.checkInvariants
  const { calls, requests } = state.world
  const report: Report = {
    violations: state.violations,
    findings: { checked: state.findings.checked, unchecked: state.findings.unchecked },
    rounds: state.rounds,
    requests: requests.length,
    calls: calls.length
  }
  return report
}, Effect.scoped)

/**
 * Whatever happened before: once the disk works, recovery closes the open rounds, exactly once and without calling models or
 * tools. Rounds that wait for answers are continued, and then each session answers a message, and so does a fork of it.
 */
const goesOn = Effect.fnUntraced(function* (state: ProgramState) {
  state.disturbDisk({ steps: 0, mode: "works", spares: 0 })
  yield* state.rest
  state.configure(initialConfig)
  const before = [state.world.requests.length, state.world.calls.length].join()
  yield* state.recover(0)
  yield* state.rest
  yield* state.recover(0)
  yield* state.rest
  state.expect(state.recovered.at(-1) === 0, "40 recovery idempotent: a second recovery found something to do")
  const after = [state.world.requests.length, state.world.calls.length].join()
  state.expect(before === after, "41 recovery is quiet: it called a model or a tool")
  for (const id of sessionIds) {
    // A round that waits is continued, unless it only ends by a cancellation.
    yield* state.resume(0, id)
    yield* state.rest
    const text = `and now, ${id}?`
    yield* state.send(text, id, 0, { turns: [], fails: "none", ending: "answer" })
    yield* state.rest
    state.expect(state.answerOf(text) === "completed", `${id} does not answer: ${state.answerOf(text)}`)
    yield* state.goesOnForked(id)
  }
})
