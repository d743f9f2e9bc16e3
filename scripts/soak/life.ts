// The process that is looked at: the engine as `parley chat` composes it, with its rounds in lanes beside each other.
// usage: node --expose-gc life.ts ROUNDS EVERY SEED; one sample to a line, as JSON, on descriptor 3.
import { writeSync } from "node:fs"
import process from "node:process"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Live from "../../packages/cli/src/Live.ts"
import { Output } from "../../packages/cli/src/Output.ts"
import * as RunRound from "../../packages/cli/src/RunRound.ts"
import * as Setup from "../../packages/cli/src/Setup.ts"
import { endsRound } from "../../packages/domain/src/SessionEvent.ts"
import type { SessionInfo } from "../../packages/domain/src/SessionInfo.ts"
import { SessionManager } from "../../packages/domain/src/SessionManager.ts"
import { IdleSessions } from "../../packages/session/src/OpenSessions.ts"
import { SessionCoordinator } from "../../packages/session/src/SessionCoordinator.ts"
import { type Kind, kinds } from "./provider.ts"
import { type Sample, take, watchWarnings } from "./sample.ts"

const [rounds = 0, every = 0, seed = 1] = process.argv.slice(2).map(Number)
const lanes = 4
/** A lane goes on in a new session after so many rounds. */
const perSession = 40

/** Numbers in [0, 1) that are the same for the same seed. */
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

/** One message. A cancelled one is ended in the middle of its answer or of its tool call, in one of the two ways. */
const round = Effect.fnUntraced(function* (info: SessionInfo, next: () => number) {
  const coordinator = yield* SessionCoordinator
  const kind = pick(next)
  const text = `soak:${kind}#${++number}# ${filler}`
  const { head } = yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(info.id))
  // Followers come and go: some see the end of what they wait for, others leave before.
  const follower = yield* coordinator
    .events(info.id, { after: head })
    .pipe(Stream.take(next() < 0.5 ? 3 : 1_000_000), Stream.runDrain, Effect.forkChild({ startImmediately: true }))
  const run = RunRound.run(info, text, "text", { mentions: "" })
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

/** So many rounds of a lane. Half of the sessions that it leaves behind are deleted. */
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
  const setup = yield* Setup.load({ workspace: Option.none(), model: Option.none() })
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
  }).pipe(Effect.provide(Live.engine(setup)))
})

const layer = Layer.mergeAll(
  Output.layer,
  Layer.succeed(Metric.FiberRuntimeMetrics, counting),
  // Sessions that are kept for the next message for minutes are no leak, and are gone when a sample is taken.
  Layer.succeed(IdleSessions, "1 second")
)
// @effect-diagnostics-next-line strictEffectProvide:off -- the entry point
await Effect.runPromise(Effect.provide(soak, layer))
