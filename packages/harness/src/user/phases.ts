import { readFileSync } from "node:fs"
import { Effect } from "effect"
import { replies } from "./model.ts"
import type { Running } from "./running.ts"
import { until, type WaitTimeout } from "./until.ts"
import type { Servers, World } from "./world.ts"

/** A stage of a round at which the user may cancel. */
export interface Phase {
  readonly name: string
  /** The message that leads to this stage. */
  readonly message: string
  readonly mute?: boolean
  readonly config?: object
  /** Waits until the command has reached this stage. */
  readonly reached: (here: World, running: Running) => Effect.Effect<void, WaitTimeout>
  /** The event that ends a round cancelled here; undefined if there is no round yet. */
  readonly end?: "RoundCancelled" | "RoundCompleted"
}

const catches = (pid: number | undefined, signal: number): boolean => {
  try {
    const mask = /^SigCgt:\s*(\w+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0"
    return ((BigInt(`0x${mask}`) >> BigInt(signal - 1)) & 1n) === 1n
  } catch {
    return false
  }
}

const called = (here: World) =>
  until(
    "the tool was called",
    () => here.noted().some((note) => note.called === "hang"),
    () => JSON.stringify(here.noted())
  )

/** `chat` prompts for its first line before its servers are ready. */
export const serves = (here: World) => until("the server runs", () => here.noted().length >= 2)

/** Checks for a handler of SIGHUP (1), because Node itself handles SIGINT and SIGTERM from the start. */
const listens = (_: World, { child, output }: Running) =>
  until("it listens to signals", () => catches(child.pid, 1) || child.exitCode !== null, output)

export const startUp: Phase = { name: "start-up", message: "phase:answer", reached: listens }

/** The phases of a round, in their order. */
export const ofRound: ReadonlyArray<Phase> = [
  {
    name: "context build",
    message: "phase:answer",
    mute: true,
    reached: serves,
    end: "RoundCancelled"
  },
  {
    name: "dynamic context",
    message: "phase:answer",
    config: { dynamicContext: [{ id: "slow", tool: "slow__hang", timeoutMillis: 60_000 }] },
    reached: called,
    end: "RoundCancelled"
  },
  {
    name: "waiting for headers",
    message: "phase:headers",
    reached: (here) => until("the model was asked", () => here.model.held() > 0),
    end: "RoundCancelled"
  },
  {
    name: "mid-text",
    message: "phase:text",
    reached: (_, running) => running.shows(replies.half),
    end: "RoundCancelled"
  },
  {
    name: "mid-tool-input",
    message: "phase:input",
    reached: (_, running) => running.shows(replies.look),
    end: "RoundCancelled"
  },
  { name: "tools running", message: "phase:tools", reached: called, end: "RoundCancelled" },
  {
    name: "retry wait",
    message: "phase:retry",
    reached: (_, running) => running.shows(/RetryScheduled|retrying in/),
    end: "RoundCancelled"
  },
  {
    name: "persisting and exit",
    message: "phase:answer",
    reached: (_, running) => running.shows(/"RoundCompleted"|All is well/),
    end: "RoundCompleted"
  }
]

/** The servers of a phase. A deaf server makes every shutdown hang that waits for it. */
export const serversOf = (phase: Phase, deaf: boolean): Servers => ({
  server: [...(deaf ? ["deaf" as const] : []), ...(phase.mute === true ? ["mute" as const] : [])],
  ...(phase.config === undefined ? {} : { config: phase.config })
})

/** Sends the phase's message, printing events as they are stored, and waits until the command has reached the phase. */
export const runInto = Effect.fnUntraced(function* (here: World, phase: Phase) {
  const running = yield* here.spawn(["run", "--format", "stream-json", phase.message])
  yield* phase.reached(here, running)
  // Servers are started beside the round, and may run before it.
  if (phase.end !== undefined) yield* running.shows('"RoundStarted"')
  return running
})
