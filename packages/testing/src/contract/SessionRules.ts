import type { SessionId } from "@parley/domain/Ids"
import { endsTurn, type LogEntry, type SessionEvent } from "@parley/domain/SessionEvent"
import type { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import { at, withoutDeltas } from "./ContractEvents.ts"
import { type Counterexample, exitOf, failureOf, fault, generated, pause, type RuleSettings } from "./ContractRule.ts"
import * as Programs from "./SessionPrograms.ts"

export interface SessionSubject extends RuleSettings {
  readonly sessions: SessionManager["Service"]
}

/** What a program did so far, and the log that the store must have. */
class Expected {
  head = 0
  log: ReadonlyArray<LogEntry> = []
  readonly program: Array<string> = []
  /** Whether the append before the last one failed. */
  afterFailure = false
  /** The first number of each append. */
  private readonly starts: Array<number> = []

  add(entries: ReadonlyArray<LogEntry>): void {
    this.starts.push(this.head + 1)
    for (const entry of entries) this.log = [...withoutDeltas(this.log, entry.event), entry]
    this.head += entries.length
  }

  /** Which append had the event with this text. */
  appendOf(event: SessionEvent): number {
    const seq = this.log.find((entry) => Programs.nameOf(entry.event) === Programs.nameOf(event))?.seq ?? 0
    return this.starts.findLastIndex((start) => start <= seq)
  }

  broken(problem: string, expected: string, received: string): Counterexample {
    return { problem, program: this.program, expected, received }
  }

  /** The entries that an append must return; their time is the store's. */
  entries(events: ReadonlyArray<SessionEvent>, returned: ReadonlyArray<LogEntry>): ReadonlyArray<LogEntry> {
    return events.map((event, i) => ({ seq: this.head + 1 + i, at: returned[i]?.at ?? 0, event }))
  }
}

const lost = ({ afterFailure, log }: Expected, { event, seq }: LogEntry): string => {
  const name = `event ${seq} (${Programs.nameOf(event)})`
  if (afterFailure) return `An append after a failed one lost ${name}, which it had acknowledged.`
  if (event._tag === "TurnDelta" && log.at(-1)?.seq === seq)
    return `The last delta, ${name}, was acknowledged and shown, and is not stored.`
  return `The store lost ${name}, which it had acknowledged.`
}

/** What is wrong with the stored log, as a sentence. */
const difference = (expected: Expected, stored: ReadonlyArray<LogEntry>): string => {
  const has = (log: ReadonlyArray<LogEntry>, { event }: LogEntry) =>
    log.some((other) => Programs.nameOf(other.event) === Programs.nameOf(event))
  const missing = expected.log.find((entry) => !has(stored, entry))
  if (missing !== undefined) return lost(expected, missing)
  const more = stored.find((entry) => !has(expected.log, entry))
  if (more !== undefined)
    return `The store has event ${more.seq} (${Programs.nameOf(more.event)}), which must not be stored.`
  if (stored.length > expected.log.length) return "The store has an event twice."
  const order = (log: ReadonlyArray<LogEntry>) => Programs.namesOf(log.map(({ event }) => event))
  if (order(stored) === order(expected.log)) return "The store changed an event, its number or its time."
  const [is, right] = [stored, expected.log].map((log) => log.map(({ event }) => event))
  const at = is?.findIndex((event, i) => Programs.nameOf(event) !== Programs.nameOf(right?.[i] ?? event)) ?? 0
  const [found, due] = [is?.[at], right?.[at]]
  return found !== undefined && due !== undefined && expected.appendOf(found) !== expected.appendOf(due)
    ? "Overlapping appends are stored in another order than they were called."
    : "The events of one append are stored in another order than they were given."
}

/** Compares the store with the expected log. */
const compare = Effect.fnUntraced(function* (
  { sessions, ...settings }: SessionSubject,
  id: SessionId,
  expected: Expected
) {
  const { log } = expected
  const read = exitOf(sessions.read(id, 0), settings)
  const stored = yield* read
  if (stored === "late" || Exit.isFailure(stored))
    return expected.broken(`\`read\` ${fault(stored)}.`, Programs.logOf(log), failureOf(stored))
  if (!Programs.sameLog(stored.value, log)) {
    yield* Effect.repeat(Effect.yieldNow, { times: 100 })
    yield* pause("20 millis")
    const later = yield* read
    const late = later !== "late" && Exit.isSuccess(later) && Programs.sameLog(later.value, log)
    const problem = late
      ? "An append was acknowledged before its events were stored."
      : difference(expected, stored.value)
    return expected.broken(problem, Programs.logOf(log), Programs.logOf(stored.value))
  }
  const info = yield* exitOf(sessions.get(id), settings)
  const head = info !== "late" && Exit.isSuccess(info) ? `head ${info.value.head}` : failureOf(info)
  if (head === `head ${expected.head}`) return undefined
  const problem = `\`get\` reports a stale head: event ${expected.head} was acknowledged before.`
  return expected.broken(problem, `head ${expected.head}`, head)
})

/** Runs one append that must succeed or, with a wrong cursor, fail. */
const append = Effect.fnUntraced(function* (
  { sessions, ...settings }: SessionSubject,
  id: SessionId,
  expected: Expected,
  events: ReadonlyArray<SessionEvent>,
  cursor: number
) {
  const after = expected.head + cursor
  expected.program.push(`append after ${after}: ${Programs.namesOf(events)}`)
  const exit = yield* exitOf(sessions.append(id, at(after), events), settings)
  if (cursor !== 0) {
    return exit !== "late" && Exit.isFailure(exit)
      ? undefined
      : expected.broken("An append after a wrong number did not fail.", "SessionBusy", failureOf(exit))
  }
  return acknowledged(expected, events, exit)
})

const acknowledged = <E>(
  expected: Expected,
  events: ReadonlyArray<SessionEvent>,
  exit: Exit.Exit<ReadonlyArray<LogEntry>, E> | "late"
): Counterexample | undefined => {
  const names = Programs.logOf(expected.entries(events, []))
  if (exit === "late" || Exit.isFailure(exit))
    return expected.broken(`An append ${fault(exit)}.`, names, failureOf(exit))
  const entries = expected.entries(events, exit.value)
  if (!Programs.sameLog(entries, exit.value))
    return expected.broken("An append returned other entries than it was given.", names, Programs.logOf(exit.value))
  expected.add(entries)
  return undefined
}

const overlap = Effect.fnUntraced(function* (
  { sessions, ...settings }: SessionSubject,
  id: SessionId,
  expected: Expected,
  first: ReadonlyArray<SessionEvent>,
  second: ReadonlyArray<SessionEvent>
) {
  const after = expected.head
  const then = after + first.length
  expected.program.push(
    `append after ${after}: ${Programs.namesOf(first)}; at the same time, append after ${then}: ${Programs.namesOf(second)}`
  )
  const [one, two] = yield* Effect.all(
    [exitOf(sessions.append(id, at(after), first), settings), exitOf(sessions.append(id, at(then), second), settings)],
    { concurrency: "unbounded" }
  )
  return acknowledged(expected, first, one) ?? acknowledged(expected, second, two)
})

const play = Effect.fnUntraced(function* (
  subject: SessionSubject,
  id: SessionId,
  steps: ReadonlyArray<Programs.SessionStep>,
  each: (expected: Expected) => Effect.Effect<Counterexample | undefined>
) {
  const expected = new Expected()
  const write = Programs.writer()
  for (const step of steps) {
    const found =
      step._tag === "Append"
        ? yield* append(subject, id, expected, write(step.events), step.cursor)
        : yield* overlap(subject, id, expected, write(step.first), write(step.second))
    if (found !== undefined) return found
    const broken = yield* each(expected)
    if (broken !== undefined) return broken
    expected.afterFailure = step._tag === "Append" && step.cursor !== 0
  }
  return undefined
})

/** What the store has is exactly what it acknowledged. */
export const stores = generated(
  "stores exactly the events that it acknowledged, in order",
  Programs.programs,
  Effect.fnUntraced(function* (subject: SessionSubject, steps: ReadonlyArray<Programs.SessionStep>) {
    const { id } = yield* subject.sessions.create({})
    return yield* play(subject, id, steps, (expected) => compare(subject, id, expected))
  }, Effect.orDie),
  200
)

/** A subscriber from the beginning receives every event, unless the same step removed it again. */
export const shows = generated(
  "shows a subscriber every event once, in order",
  Programs.programs,
  Effect.fnUntraced(
    function* (subject: SessionSubject, steps: ReadonlyArray<Programs.SessionStep>) {
      const { id } = yield* subject.sessions.create({})
      const seen: Array<LogEntry> = []
      yield* subject.sessions.follow(id, 0).pipe(
        Stream.runForEach((entry) => Effect.sync(() => seen.push(entry))),
        Effect.forkScoped({ startImmediately: true })
      )
      const all: Array<LogEntry> = []
      return yield* play(subject, id, steps, (expected) =>
        Effect.gen(function* () {
          all.push(...expected.log.filter(({ seq }) => seq > (all.at(-1)?.seq ?? 0)))
          const last = all.at(-1)?.seq ?? 0
          const behind = () => (seen.at(-1)?.seq ?? 0) < last
          for (let turn = 0; behind() && turn < 100; turn++) yield* Effect.yieldNow
          for (let turn = 0; behind() && turn < 40; turn++) yield* pause("5 millis")
          const shown = seen.filter((entry) => all.some(({ seq }) => seq === entry.seq) || !isRemoved(entry, all))
          if (Programs.sameLog(shown, all)) return undefined
          const missing = all.find((entry) => !shown.some(({ seq }) => seq === entry.seq))
          const problem =
            missing === undefined
              ? "A subscriber received an event twice, in another order or changed."
              : `A subscriber did not receive ${missing.seq === last ? "the last event" : "an event"}, ${missing.seq} ${Programs.nameOf(missing.event)}.`
          return expected.broken(problem, Programs.logOf(all), Programs.logOf(shown))
        })
      )
    },
    Effect.scoped,
    Effect.orDie
  ),
  100
)

/** Whether an event removed the delta in the step that appended it. */
const isRemoved = ({ event, seq }: LogEntry, all: ReadonlyArray<LogEntry>): boolean =>
  event._tag === "TurnDelta" &&
  all.some((other) => endsTurn(other.event) && other.event.turnId === event.turnId && other.seq > seq)
