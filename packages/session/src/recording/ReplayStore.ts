import type { SessionId } from "@parley/domain/Ids"
import { endsTurn, type LogEntry, type SessionEvent } from "@parley/domain/SessionEvent"
import type { SessionManager } from "@parley/domain/SessionManager"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { StepOf } from "./RecordingFormat.ts"

/** A clock that shows a time that is set. Waits and elapsed times are real. */
export const settable = Effect.map(Clock.Clock, (real) => {
  let now = 0
  const nanos = () => BigInt(now) * 1_000_000n
  const service: Clock.Clock = {
    currentTimeMillisUnsafe: () => now,
    currentTimeMillis: Effect.sync(() => now),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: () => real.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: real.monotonicTimeNanos,
    sleep: (duration) => real.sleep(duration)
  }
  return { service, set: (millis: number) => void (now = millis) }
})

export type SettableClock = Effect.Success<typeof settable>

/** A log has gaps where the deltas of ended turns were removed. Deltas of the turn that ends next stand for them. */
const filling = (entries: ReadonlyArray<LogEntry>, from: number, missing: number): ReadonlyArray<SessionEvent> => {
  const end = entries.slice(from).find(({ event }) => endsTurn(event))?.event
  const turnId = end !== undefined && endsTurn(end) ? end.turnId : undefined
  return turnId === undefined
    ? []
    : Array.from({ length: missing }, (): SessionEvent => ({ _tag: "TurnDelta", turnId, chunks: [] }))
}

/** Stores the events of a session that the recorded engine did not append itself, with their numbers and times. */
export const append = Effect.fnUntraced(function* (
  sessions: SessionManager["Service"],
  clock: SettableClock,
  heads: Map<SessionId, number>,
  { entries, session }: StepOf<"log">
) {
  const { id, title, workspace } = session
  const stored = <A, E, R>(at: number, effect: Effect.Effect<A, E, R>) =>
    Effect.suspend(() => {
      clock.set(at)
      return Effect.provideService(effect, Clock.Clock, clock.service)
    })
  if (!heads.has(id)) yield* stored(session.createdAt, sessions.create({ id, title, workspace }))
  let after = heads.get(id) ?? 0
  yield* Effect.scoped(
    Effect.gen(function* () {
      const { epoch } = yield* sessions.acquire(id)
      for (const [i, { at, event, seq }] of entries.entries()) {
        const events = [...filling(entries, i, seq - after - 1), event]
        yield* Effect.catchTag(stored(at, sessions.append(id, { after, epoch }, events)), "PostChanged", Effect.die)
        after = seq
      }
    }).pipe(Effect.provideService(Clock.Clock, clock.service))
  )
  heads.set(id, after)
})
