import * as MessageFold from "@parley/domain/MessageFold"
import type { LogEntry } from "@parley/domain/SessionEvent"
import * as SessionFold from "@parley/domain/SessionFold"
import { fresh, project } from "@parley/domain/SessionInfo"
import { SessionManager } from "@parley/domain/SessionManager"
import { Arbitraries, ScriptedModel, Scripts } from "@parley/testing"
import { assert, it } from "@effect/vitest"
import { Arbitrary, Clock, Context, Effect, Layer, Schema } from "effect"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { SessionState } from "../src/log/SessionState.ts"
import { log, send, sessionId, timePasses, watched, world } from "./World.ts"

const script = Arbitrary.schema(Arbitraries.Script)
const Times = Schema.NonEmptyArray(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 4e12 })))
const times = Arbitrary.schema(Times)

const played = (script: Arbitraries.Script) =>
  Effect.provide(world([...Scripts.turns(script), ...Scripts.turns(script), ScriptedModel.turn()], Scripts.tools), {
    local: true
  })
const twoRounds = Effect.gen(function* () {
  yield* watched
  yield* timePasses
  yield* Effect.exit(send("one"))
  yield* Effect.exit(send("two"))
  return yield* log
})

const at =
  (times: ReadonlyArray<number>) =>
  (entry: LogEntry): LogEntry => ({ ...entry, at: times[entry.seq % times.length] ?? 0 })

/** The times that people are shown, and how long a wait was drawn to be. */
const shown = new Set(["startedAt", "endedAt", "duration", "updatedAt", "delayMillis"])
const timeless = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, part: unknown) => (shown.has(key) ? undefined : part)))

/** Everything that is worked out from a log. */
const folded = (entries: ReadonlyArray<LogEntry>) => {
  const state = new SessionState()
  for (const entry of entries) state.push(entry)
  const { baseline, head, nextRoundId, shown: files } = state
  return {
    messages: MessageFold.fromEvents(entries),
    session: timeless(SessionFold.fromEvents(sessionId, entries)),
    state: { baseline, head, nextRoundId, files, open: state.round?.open, unsettled: state.round?.unsettled },
    info: timeless(entries.reduce(project, fresh(sessionId, 0, {})))
  }
}

/** A process that finds the log with other times in it. */
const finding = Effect.fnUntraced(function* (change: (entry: LogEntry) => LogEntry) {
  const sessions = yield* SessionManager
  const changed: SessionManager["Service"] = {
    ...sessions,
    read: (id, after) => Effect.map(sessions.read(id, after), (entries) => entries.map(change))
  }
  const built = yield* Layer.build(Layer.fresh(SessionCoordinator.layer)).pipe(
    Effect.provideService(SessionManager, changed)
  )
  return Context.get(built, SessionCoordinator)
})

it.effect.prop(
  "invariant 48: the times in a log do not influence what is derived from it, nor the next request",
  [script, times],
  ([script, times]) =>
    Effect.gen(function* () {
      const entries = yield* twoRounds
      assert.deepStrictEqual(folded(entries.map(at(times))), folded(entries))

      const here = yield* finding((entry) => entry)
      const there = yield* finding(at(times))
      const { request } = yield* here.buildContext(sessionId, "three")
      assert.deepStrictEqual((yield* there.buildContext(sessionId, "three")).request, request)
      yield* Effect.exit(there.handleMessage({ sessionId, request: "three" }))
      const { model: _, ...next } = request
      const sent = yield* ScriptedModel.Requests.all
      assert.isTrue(
        sent.some(
          ({ messages, system, tools }) => JSON.stringify({ system, tools, messages }) === JSON.stringify(next)
        ),
        "what the shown request says is sent"
      )
    }).pipe(Effect.scoped, played(script)),
  { arbitrary: { runs: 75 } }
)

/** A wall clock that somebody sets all the time, also backwards. Nothing else of the clock changes: waits take as long. */
const jumping = Effect.fnUntraced(function* (times: ReadonlyArray<number>) {
  const clock = yield* Clock.Clock
  let looks = 0
  const now = () => times[looks++ % times.length] ?? 0
  return new Proxy(clock, {
    get: (target, key): unknown => {
      if (key === "currentTimeMillisUnsafe") return now
      if (key === "currentTimeMillis") return Effect.sync(now)
      return Reflect.get(target, key)
    }
  })
})

it.effect.prop(
  "invariant 48: a clock that jumps while rounds run changes no event, no order and no request",
  [script, times],
  ([script, times]) => {
    const run = Effect.gen(function* () {
      const entries = yield* twoRounds
      const told = entries.map(({ event, seq }) => timeless({ event, seq }))
      return { at: entries.map(({ at }) => at), same: { told, sent: yield* ScriptedModel.Requests.all } }
    }).pipe(Effect.scoped, played(script))
    return Effect.gen(function* () {
      const steady = yield* run
      const jumped = yield* Effect.provideServiceEffect(run, Clock.Clock, jumping(times))
      assert.deepStrictEqual(jumped.same, steady.same)
      assert.includeMembers([...times], jumped.at, "the clock did jump")
    })
  },
  { arbitrary: { runs: 75 } }
)
