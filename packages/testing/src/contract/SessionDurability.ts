import type { LogEntry } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { at, withoutDeltas } from "./ContractEvents.ts"
import { type Counterexample, exitOf, failureOf, fault, generated, type RuleSettings } from "./ContractRule.ts"
import * as Programs from "./SessionPrograms.ts"

/**
 * Prepares an empty place, such as a directory, for as long as the scope is open. Each time the layer is built it opens that
 * place again, as a new process would.
 */
export type Reopen = Effect.Effect<Layer.Layer<SessionManager>, never, Scope.Scope>

export interface DurabilitySubject extends RuleSettings {
  readonly reopen: Reopen
}

const open = (layer: Layer.Layer<SessionManager>) =>
  Layer.fresh(layer).pipe(
    Layer.build,
    Effect.map((context) => Context.get(context, SessionManager))
  )

/**
 * Appends events, and opens the place again. After a crash, the first manager is not closed before: a process that is
 * killed closes nothing.
 */
const durable = (title: string, end: "crash" | "close") =>
  generated(
    title,
    Programs.appends,
    Effect.fnUntraced(
      function* ({ reopen, ...settings }: DurabilitySubject, batches) {
        const layer = yield* reopen
        const first = yield* Scope.make()
        yield* Effect.addFinalizer((exit) => Scope.close(first, exit))
        const sessions = yield* Scope.provide(open(layer), first)
        const { id } = yield* sessions.create({})
        const write = Programs.writer()
        const program: Array<string> = []
        let [head, log]: [number, ReadonlyArray<LogEntry>] = [0, []]
        const broken = (problem: string, received: string): Counterexample => {
          return { problem, program, expected: Programs.logOf(log), received }
        }
        for (const batch of batches) {
          const events = write(batch)
          program.push(`append after ${head}: ${Programs.namesOf(events)}`)
          const exit = yield* exitOf(sessions.append(id, at(head), events), settings)
          if (exit === "late" || Exit.isFailure(exit)) return broken(`An append ${fault(exit)}.`, failureOf(exit))
          for (const entry of exit.value) log = [...withoutDeltas(log, entry.event), entry]
          head += events.length
        }
        if (end === "close") yield* Scope.close(first, Exit.void)
        program.push(end === "close" ? "close the store and open it again" : "crash, and open the store again")
        const again = yield* open(layer)
        const exit = yield* exitOf(again.read(id, 0), settings)
        const stored = exit !== "late" && Exit.isSuccess(exit) ? exit.value : []
        if (Programs.sameLog(stored, log)) return undefined
        const missing = log.find((entry) => !stored.some((other) => Programs.sameEntry(entry, other)))
        const name = missing === undefined ? "its log" : `event ${missing.seq} (${Programs.nameOf(missing.event)})`
        const problem =
          end === "crash"
            ? `An append was acknowledged before it was durable: after a crash, ${name} is not what was acknowledged.`
            : `A store that was closed and opened again changed ${name}.`
        return broken(problem, exit !== "late" && Exit.isSuccess(exit) ? Programs.logOf(stored) : failureOf(exit))
      },
      Effect.scoped,
      Effect.orDie
    ),
    20
  )

export const rules = [
  durable("has every acknowledged event after a crash", "crash"),
  durable("has every acknowledged event after it was closed", "close")
]
