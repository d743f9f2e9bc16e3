import type { HandleMessageError } from "@parley/domain/Errors"
import { SessionId } from "@parley/domain/Ids"
import type { McpManager } from "@parley/domain/McpManager"
import type { ModelsManager } from "@parley/domain/ModelsManager"
import type { PromptManager } from "@parley/domain/PromptManager"
import type { Round } from "@parley/domain/Session"
import type { SessionContext } from "@parley/domain/SessionContext"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Findings } from "./Invariants.ts"
import { ProgramState } from "./internal/ProgramState.ts"
import { initialConfig, messageText, type Program, type ProgramCommand } from "./Programs.ts"
import type { EngineLimits } from "./ReferenceModel.ts"

/** The part of a session coordinator that programs use. */
export interface Engine {
  readonly handleMessage: (options: {
    readonly sessionId: SessionId
    readonly request: string
  }) => Effect.Effect<Round, HandleMessageError>
  readonly cancel: (sessionId: SessionId) => Effect.Effect<void>
  readonly buildContext: (sessionId: SessionId, request?: string) => Effect.Effect<SessionContext, HandleMessageError>
  readonly recover: Effect.Effect<ReadonlyArray<unknown>, HandleMessageError>
}

/** Makes one engine: once for each process of a program. Optional managers are in its context too. */
export type MakeEngine = Effect.Effect<
  Engine,
  never,
  PromptManager | SessionManager | McpManager | ModelsManager | Scope.Scope
>

/** What was found wrong, and how much was done. */
export interface Report {
  readonly violations: ReadonlyArray<string>
  /** Which of `Invariants.all` were checked of its sessions, and which could not be. */
  readonly findings: Pick<Findings, "checked" | "unchecked">
  readonly rounds: number
  readonly requests: number
  readonly calls: number
}

export const sessionIds = [SessionId.make("session-0"), SessionId.make("session-1")] as const

const command = Effect.fnUntraced(function* (state: ProgramState, n: number, command: ProgramCommand) {
  switch (command._tag) {
    case "Message":
      return yield* state.send(messageText(n), sessionIds[command.session], command.writer, command.script)
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
    case "Configure":
      return state.configure(command.config)
    case "Preview":
      return yield* state.preview(sessionIds[command.session])
    case "Disk":
      return state.disturbDisk({ ...command })
  }
})

/**
 * Runs a program in a world of its own, compares with `ReferenceModel` after every command, and at the end asks whether
 * the sessions go on. Needs an empty store, and a `TestClock`, which it turns when nothing moves. `limits` are the engine's.
 */
export const run = Effect.fnUntraced(function* (program: Program, engine: MakeEngine, limits: EngineLimits) {
  const sessions = yield* SessionManager
  const state = new ProgramState(sessions, engine, limits)
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

/** Whatever happened: once the disk works, recovery closes what is open, once and quietly, and each session answers. */
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
  state.expect(before === after, "41 recovery is quiet: it asked a model or a tool")
  for (const id of sessionIds) {
    const text = `and now, ${id}?`
    yield* state.send(text, id, 0, { turns: [], fails: "none", ending: "answer" })
    yield* state.rest
    state.expect(state.answerOf(text) === "completed", `${id} does not go on: ${state.answerOf(text)}`)
  }
})
