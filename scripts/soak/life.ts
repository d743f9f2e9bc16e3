// The measured process: the engine as `parley chat` composes it, with concurrent lanes of rounds.
// usage: node --expose-gc life.ts ROUNDS EVERY SEED; one sample to a line, as JSON, on descriptor 3.
import { writeSync } from "node:fs"
import process from "node:process"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Stream from "effect/Stream"
import * as Engine from "../../packages/app/src/engine/Engine.ts"
import { Output } from "../../packages/cli/src/output/Output.ts"
import * as PrintRound from "../../packages/cli/src/chat/PrintRound.ts"
import * as Setup from "../../packages/app/src/configuration/Setup.ts"
import { endsRound } from "../../packages/domain/src/SessionEvent.ts"
import type { SessionInfo } from "../../packages/domain/src/SessionInfo.ts"
import { SessionManager } from "../../packages/domain/src/SessionManager.ts"
import { IdleSessions } from "../../packages/session/src/round/OpenSessions.ts"
import { SessionCoordinator } from "../../packages/session/src/round/SessionCoordinator.ts"
import { type Kind, kinds } from "./provider.ts"
import { type Sample, take, watchWarnings } from "./sample.ts"

const [rounds = 0, every = 0, seed = 1] = process.argv.slice(2).map(Number)
const lanes = 4
/** How many rounds a lane runs in one session before it starts a new one. */
const perSession = 40

/** Pseudo-random numbers in [0, 1). The same seed gives the same numbers. */
const random = (state: number) => () => {
  state = (state + 0x6d2b79f5) | 0
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
}

const isKind = (name: string): name is Kind => Object.hasOwn(kinds, name)
const pick = (next: () => number): Kind => {
  let left = next() * 100
  for (const [kind, share] of Object.entries(kinds)) if ((left -= share) < 0 && isKind(kind)) return kind
  return "text"
}

const fibers = { active: 0 }
const counting: Metric.FiberRuntimeMetricsService = {
  recordFiberStart: () => void fibers.active++,
  recordFiberEnd: () => void fibers.active--
}

const tagOf: { readonly [K in Kind]?: string } = { cancelled: "TurnDelta", "cancelled in a tool": "ToolStarted" }
const filler = "Some words that a person might write, so that a history grows. ".repeat(60)
let number = 0

/** Sends one message. A round to be cancelled is cancelled or interrupted during its response or its tool call. */
const round = Effect.fnUntraced(function* (info: SessionInfo, next: () => number) {
  const coordinator = yield* SessionCoordinator
  const kind = pick(next)
  const text = `soak:${kind}#${++number}# ${filler}`
  const { head } = yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(info.id))
  // Some subscribers receive the end of their round, others unsubscribe earlier.
  const follower = yield* coordinator
    .events(info.id, { after: head })
    .pipe(Stream.take(next() < 0.5 ? 3 : 1_000_000), Stream.runDrain, Effect.forkChild({ startImmediately: true }))
  const run = PrintRound.run(info, text, "text", { mentions: "" })
  const until = tagOf[kind]
  if (until === undefined) yield* Effect.ignore(run)
  else {
    const running = yield* Effect.forkChild(run, { startImmediately: true })
    yield* coordinator.events(info.id, { after: head }).pipe(
      Stream.takeUntil(({ event }) => event._tag === until || endsRound(event)),
      Stream.runDrain
    )
    if (next() < 0.5) yield* coordinator.cancel(info.id)
    else yield* Fiber.interrupt(running)
    yield* Fiber.await(running)
  }
  yield* Fiber.interrupt(follower)
})

interface Lane {
  info: SessionInfo | undefined
  done: number
  readonly next: () => number
}

/** Runs `count` rounds of a lane. Half of its finished sessions are deleted. */
const part = Effect.fnUntraced(function* (lane: Lane, count: number, workspace: string) {
  const sessions = yield* SessionManager
  for (let i = 0; i < count; i++) {
    if (lane.info === undefined || lane.done % perSession === 0) {
      if (lane.info !== undefined && lane.next() < 0.5) yield* sessions.remove(lane.info.id)
      lane.info = yield* sessions.create({ workspace })
    }
    lane.done++
    yield* round(yield* sessions.get(lane.info.id), lane.next)
  }
})

const soak = Effect.gen(function* () {
  const warnings = watchWarnings()
  const setup = yield* Setup.load({ env: process.env, directory: process.cwd() })
  const all: ReadonlyArray<Lane> = Array.from({ length: lanes }, (_, i) => ({
    info: undefined,
    done: 0,
    next: random(seed * 1000 + i)
  }))
  const sample = (done: number, before?: Sample) =>
    Effect.promise(() =>
      take(done, setup.user.databaseFile, () => ({ fibers: fibers.active, warnings: warnings() }), before)
    )
  const say = (taken: Sample) => Effect.sync(() => writeSync(3, `${JSON.stringify(taken)}\n`))
  yield* Effect.gen(function* () {
    yield* say(yield* sample(0))
    let first: Sample | undefined
    for (let done = every; done <= rounds; done += every) {
      yield* Effect.forEach(all, (lane) => part(lane, every / lanes, setup.workspace.root), {
        concurrency: "unbounded",
        discard: true
      })
      const taken: Sample = yield* sample(done, first)
      first ??= taken
      yield* say(taken)
    }
    // @effect-diagnostics-next-line strictEffectProvide:off -- its parts depend on the configuration that was read
  }).pipe(Effect.provide(Engine.layer(setup)))
})

const layer = Layer.mergeAll(
  Output.layer,
  Layer.succeed(Metric.FiberRuntimeMetrics, counting),
  // Idle sessions are normally kept in memory for minutes, which is not a leak. Here they are closed before each sample.
  Layer.succeed(IdleSessions, "1 second")
)
// @effect-diagnostics-next-line strictEffectProvide:off -- the entry point
await Effect.runPromise(Effect.provide(soak, layer))
