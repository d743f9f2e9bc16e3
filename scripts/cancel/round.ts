import { mkdirSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type Phase, runInto, serves, serversOf, startUp } from "../../packages/harness/src/user/phases.ts"
import { replies } from "../../packages/harness/src/user/model.ts"
import { runningIn } from "../../packages/harness/src/user/processes.ts"
import type { Running } from "../../packages/harness/src/user/running.ts"
import { until, type WaitTimeout } from "../../packages/harness/src/user/until.ts"
import { type World, world } from "../../packages/harness/src/user/world.ts"
import * as Invariants from "../../packages/testing/src/invariants/Invariants.ts"
import { illegal } from "../crash/check.ts"
import { Body } from "../../packages/harness/src/provider/messagesBody.ts"
import { readStored } from "../crash/stored.ts"

/** One cancellation: how long it took, and the problems afterwards. */
export interface Cancel {
  readonly millis: number
  readonly unanswered: ReadonlyArray<string>
  readonly orphans: ReadonlyArray<string>
  readonly broken: ReadonlyArray<string>
}

const decodeBody = Schema.decodeUnknownSync(Schema.fromJsonString(Body))

type Check = (typeof Invariants)["settledOnce"]
const ofLogs: ReadonlyArray<Check> = [
  Invariants.settledOnce,
  Invariants.intentFirst,
  Invariants.nothingAfterClose,
  Invariants.turnsEndOnce
]

/** Problems of the files, the logs and the requests, while no round is running. */
const brokenIn = (here: World): ReadonlyArray<string> => {
  const { damage, sessions } = readStored(here)
  return [
    ...damage,
    ...sessions.flatMap(({ log }) => ofLogs.flatMap((check) => check(log))),
    ...illegal(here.model.bodies.map((body) => decodeBody(body)))
  ]
}

/** Checks the remaining processes and files after the process has ended, then sends a real message to the same session. */
const after = Effect.fnUntraced(function* (here: World, millis: number) {
  const orphans = yield* until("all processes are gone", () => runningIn(here).length === 0, undefined, 2).pipe(
    Effect.as<ReadonlyArray<string>>([]),
    Effect.orElseSucceed(() => runningIn(here))
  )
  const before = readStored(here).sessions
  const left = brokenIn(here)
  // Without the servers and slots of the phase, which would block this message as they did the previous one.
  const plain = join(here.root, "plain")
  mkdirSync(plain, { recursive: true })
  const target = before.length === 0 ? [] : ["--continue"]
  const next = yield* here.run(["run", ...target, "--model", "anthropic/fake", "phase:answer"], {
    env: { XDG_CONFIG_HOME: plain }
  })
  const { sessions } = readStored(here)
  const cancel: Cancel = {
    millis,
    orphans,
    unanswered: [
      ...(next.status === 0 && next.stdout.includes(replies.whole) ? [] : [`${next.status}: ${next.stderr}`]),
      ...(sessions.length === Math.max(1, before.length) ? [] : ["the next message went to another session"])
    ],
    broken: [...left, ...brokenIn(here), ...sessions.flatMap(({ log }) => Invariants.closed(log))]
  }
  return cancel
})

const prompt = "> \u001b[3G"

/** Cancels in `chat`, at the prompt or in a round. Measures the time from the key press to the next prompt. */
const inChat = (phase: Phase | undefined) =>
  Effect.gen(function* () {
    const here = yield* world(phase === undefined ? { server: [] } : serversOf(phase, false))
    const running = yield* here.terminal(["chat"])
    yield* running.shows((output) => output.endsWith(prompt))
    if (phase === undefined) yield* serves(here)
    else {
      yield* running.type(`${phase.message}\r`)
      yield* phase.reached(here, running)
    }
    const mark = running.output().length
    const back = running.sees((output) => output.length > mark && output.endsWith(prompt))
    const at = performance.now()
    yield* running.type("\u0003")
    const millis = (yield* back) - at
    yield* running.type("\u0004")
    yield* running.ended
    return yield* after(here, millis)
  }).pipe(Effect.scoped)

/** Ctrl-C during start-up, before the first prompt, ends the command. */
const inStartUp = Effect.gen(function* () {
  const here = yield* world({ server: [] })
  const running = yield* runInto(here, startUp)
  const at = performance.now()
  running.child.kill("SIGINT")
  const ended = yield* running.ended
  return yield* after(here, ended.at - at)
}).pipe(Effect.scoped)

export const first = (phase: Phase | "prompt") =>
  phase === startUp ? inStartUp : inChat(phase === "prompt" ? undefined : phase)

/** With a server that ends only on SIGKILL. Measures the time from the last signal to the end of the process. */
const deaf = (
  phase: Phase,
  signal: NodeJS.Signals,
  code: number,
  before: (running: Running) => Effect.Effect<void, WaitTimeout>
) =>
  Effect.gen(function* () {
    const here = yield* world(serversOf(phase, true))
    const running = yield* runInto(here, phase)
    yield* before(running)
    const at = performance.now()
    running.child.kill(signal)
    const ended = yield* running.ended
    const cancel = yield* after(here, ended.at - at)
    return ended.status === code ? cancel : { ...cancel, broken: [...cancel.broken, `exit code ${ended.status}`] }
  }).pipe(Effect.scoped)

export const second = (phase: Phase) =>
  deaf(phase, "SIGINT", 130, (running) =>
    Effect.andThen(
      Effect.sync(() => running.child.kill("SIGINT")),
      running.shows("another Ctrl-C ends at once")
    )
  )

export const terminated = (phase: Phase) => deaf(phase, "SIGTERM", 143, () => Effect.void)
export const hungUp = (phase: Phase) => deaf(phase, "SIGHUP", 129, () => Effect.void)
