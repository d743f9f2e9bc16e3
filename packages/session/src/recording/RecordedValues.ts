import { canonical } from "@parley/domain/CanonicalJson"
import { type RoundId, SessionId } from "@parley/domain/Ids"
import { endsTurn, type LogEntry, SessionEvent } from "@parley/domain/SessionEvent"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Outcome, Step, StepOf } from "./RecordingFormat.ts"

const Append = Schema.Struct({ session: SessionId, after: Schema.Int, events: Schema.Array(SessionEvent) })
const decodeAppend = Schema.decodeUnknownOption(Schema.toCodecJson(Append))
const isTime = Schema.is(Schema.Int)

const withoutDeltas = (entries: ReadonlyArray<LogEntry>): ReadonlyArray<LogEntry> => {
  const ended = new Set(entries.flatMap(({ event }) => (endsTurn(event) ? [event.turnId] : [])))
  return entries.filter(({ event }) => event._tag !== "TurnDelta" || !ended.has(event.turnId))
}

const resultsOf = (steps: ReadonlyArray<Step>, op: string): ReadonlyMap<number, Outcome> =>
  new Map(steps.flatMap((step) => (step.kind === "result" && step.op === op ? [[step.n, step.outcome] as const] : [])))

/** The logs that a recording contains: what the sessions contained before, and what the recorded engine appended. */
export const logsOf = (steps: ReadonlyArray<Step>): ReadonlyMap<SessionId, ReadonlyArray<LogEntry>> => {
  const logs = new Map<SessionId, ReadonlyArray<LogEntry>>()
  const results = resultsOf(steps, "append")
  const add = (id: SessionId, entries: ReadonlyArray<LogEntry>) => logs.set(id, [...(logs.get(id) ?? []), ...entries])
  for (const step of steps) {
    if (step.kind === "log") add(step.session.id, step.entries)
    if (step.kind !== "call" || step.op !== "append") continue
    const outcome = results.get(step.n)
    const append = Option.getOrUndefined(decodeAppend(step.input))
    const at = outcome !== undefined && "ok" in outcome ? outcome.ok : undefined
    if (append === undefined || !isTime(at)) continue
    const { after, events, session } = append
    add(
      session,
      events.map((event, i) => ({ seq: after + 1 + i, at, event }))
    )
  }
  return new Map(Array.from(logs, ([id, entries]) => [id, withoutDeltas(entries)]))
}

/** The round that a step started, if it started one. */
export const startedBy = (step: Step): { readonly session: SessionId; readonly round: RoundId } | undefined => {
  if (step.kind !== "call" || step.op !== "append") return undefined
  const append = Option.getOrUndefined(decodeAppend(step.input))
  const started = append?.events.find((event) => event._tag === "RoundStarted")
  return append === undefined || started === undefined ? undefined : { session: append.session, round: started.roundId }
}

/** What the operations of a recording returned, for an engine that does something else than the recorded one. */
export interface RecordedValues {
  /** Begins the time of a request of the host: values that were read for it come first. */
  readonly begin: (ask: number) => void
  /** The next value that was read in that time, or else the latest one before. */
  readonly next: (op: string) => Outcome | undefined
  /** The outcome of the same operation: the first that was not used yet, or else the last one. */
  readonly same: (op: string, input: Schema.Json) => Outcome | undefined
}

interface Values {
  readonly outcomes: Array<{ readonly ask: number; readonly outcome: Outcome }>
  used: number
}

const taken = (values: Values): Outcome | undefined => {
  const found = values.outcomes[Math.min(values.used, values.outcomes.length - 1)]
  values.used++
  return found?.outcome
}

/** Collects the values of a recording. */
export const make = (steps: ReadonlyArray<Step>): RecordedValues => {
  const byName = new Map<string, Values>()
  const byInput = new Map<string, Values>()
  const inputs = new Map<string, Schema.Json>()
  let ask = 0
  const add = (to: Map<string, Values>, key: string, outcome: Outcome) => {
    const values = to.get(key) ?? { outcomes: [], used: 0 }
    values.outcomes.push({ ask, outcome })
    to.set(key, values)
  }
  const result = ({ input, n, op, outcome }: StepOf<"result">) => {
    add(byName, op, outcome)
    const asked = inputs.get(`${op} ${n}`) ?? input
    if (asked !== undefined && !("interrupted" in outcome)) add(byInput, `${op} ${canonical(asked)}`, outcome)
  }
  for (const step of steps) {
    if (step.kind === "ask") ask = step.n
    if (step.kind === "call" && step.input !== undefined) inputs.set(`${step.op} ${step.n}`, step.input)
    if (step.kind === "result") result(step)
  }
  return {
    begin: (n) => {
      for (const values of byName.values()) {
        const own = values.outcomes.findIndex(({ ask }) => ask === n)
        const before = values.outcomes.findLastIndex(({ ask }) => ask < n)
        values.used = own >= 0 ? own : Math.max(0, before)
      }
    },
    next: (op) => {
      const values = byName.get(op)
      return values === undefined ? undefined : taken(values)
    },
    same: (op, input) => {
      const values = byInput.get(`${op} ${canonical(input)}`)
      return values === undefined ? undefined : taken(values)
    }
  }
}
