import { assert } from "@effect/vitest"
import type { SessionId } from "@parley/domain/Ids"
import { endsRound } from "@parley/domain/SessionEvent"
import { Effect, Fiber, Stream } from "effect"
import { type Reply, serve } from "../../packages/harness/src/provider/SseServer.ts"
import type { Case } from "../suite.ts"
import { engine, type Home, home } from "../../packages/harness/src/sessions/home.ts"
import { post, stored } from "../support/post.ts"
import { all, answer, delta, open, start } from "../../packages/harness/src/provider/wire.ts"

type Engine = Effect.Success<ReturnType<typeof engine>>

/** The events that ended the session's rounds, in order. */
const ends = (here: Home, id: SessionId) =>
  stored(here, id).flatMap(({ event }) => (endsRound(event) ? [event._tag] : []))

const half = all(start(), open(0, { type: "text", text: "" }), delta(0, { type: "text_delta", text: "Half" }))
const hanging: Reply = { body: [half], last: "hang" }
const whole: Reply = { body: [answer("Whole.")] }

/** Runs an action on a session of an engine on disk. Afterwards the session must accept the next message. */
const race = (reply: Reply, run: (engine: Engine, id: SessionId, here: Home) => Effect.Effect<void, unknown>) =>
  Effect.gen(function* () {
    const here = yield* home
    const model = yield* serve(reply)
    const id = yield* Effect.gen(function* () {
      const made = yield* engine(here, { url: model.url })
      const { id } = yield* made.sessions.create({})
      yield* run(made, id, here)
      return id
    }).pipe(Effect.scoped)
    yield* post(here, id)
  })

/** Waits for the first event of a kind. */
const seen = ({ coordinator }: Engine, id: SessionId, tag: string) =>
  coordinator.events(id).pipe(
    Stream.filter(({ event }) => event._tag === tag),
    Stream.take(1),
    Stream.runDrain
  )

/** A cancellation without a running round has no effect, even if a message has already been sent but not accepted. */
const beforeAccept = race(whole, ({ coordinator }, id, here) =>
  Effect.gen(function* () {
    yield* coordinator.cancel(id)
    const sending = yield* Effect.forkChild(coordinator.handleMessage({ sessionId: id, request: "hi" }), {
      startImmediately: true
    })
    yield* coordinator.cancel(id)
    const exit = yield* Fiber.await(sending)
    const stopped = yield* Effect.forkChild(coordinator.handleMessage({ sessionId: id, request: "never mind" }), {
      startImmediately: true
    })
    yield* Fiber.interrupt(stopped)
    const started = stored(here, id).filter(({ event }) => event._tag === "RoundStarted")
    assert.lengthOf(ends(here, id), started.length, "each round that was accepted has ended")
    if (exit._tag === "Success") assert.oneOf(exit.value.status, ["completed", "cancelled"])
    else assert.lengthOf(started, 0, "what was not accepted left nothing")
  })
)

/** The response and the cancellation race. Whichever wins, the round ends once, and the caller receives the stored end. */
const atLastChunk = race({ body: [answer("Whole.")] }, (engine, id, here) =>
  Effect.gen(function* () {
    const sending = yield* Effect.forkChild(engine.coordinator.handleMessage({ sessionId: id, request: "hi" }), {
      startImmediately: true
    })
    yield* seen(engine, id, "TurnDelta").pipe(Effect.raceFirst(seen(engine, id, "TurnCompleted")))
    yield* engine.coordinator.cancel(id)
    const round = yield* Fiber.join(sending)
    assert.deepStrictEqual(ends(here, id), [round.status === "completed" ? "RoundCompleted" : "RoundCancelled"])
  })
)

const twice = race(hanging, (engine, id, here) =>
  Effect.gen(function* () {
    const { cancel, handleMessage } = engine.coordinator
    const sending = yield* Effect.forkChild(handleMessage({ sessionId: id, request: "hi" }), { startImmediately: true })
    yield* seen(engine, id, "TurnDelta")
    yield* Effect.all([cancel(id), cancel(id), Effect.andThen(Effect.yieldNow, cancel(id))], {
      concurrency: "unbounded"
    })
    assert.strictEqual((yield* Fiber.join(sending)).status, "cancelled")
    yield* cancel(id)
    assert.deepStrictEqual(ends(here, id), ["RoundCancelled"])
  })
)

const afterFinish = race(whole, ({ coordinator }, id, here) =>
  Effect.gen(function* () {
    const round = yield* coordinator.handleMessage({ sessionId: id, request: "hi" })
    assert.strictEqual(round.status, "completed")
    const before = stored(here, id)
    yield* coordinator.cancel(id)
    yield* coordinator.cancel(id)
    assert.deepStrictEqual(stored(here, id), before)
  })
)

/** U12: a cancellation at an unusual moment. */
export const cancels: ReadonlyArray<Case> = [
  { id: "U12", name: "before the message is accepted", run: beforeAccept },
  { id: "U12", name: "at the last chunk", run: atLastChunk },
  { id: "U12", name: "twice, three times, and once more", run: twice },
  { id: "U12", name: "after the end", run: afterFinish }
]
