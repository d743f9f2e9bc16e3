import { readFileSync } from "node:fs"
import type { Effect } from "effect"
import { said } from "./support/model.ts"
import type { Running } from "./support/running.ts"
import { until, type Waited } from "./support/until.ts"
import type { Servers, World } from "./support/world.ts"

/** A stage of a round at which somebody may want out. */
export interface Phase {
  readonly name: string
  /** What is said to get there. */
  readonly message: string
  readonly mute?: boolean
  readonly config?: object
  /** How it is known that the command has come so far. */
  readonly reached: (here: World, running: Running) => Effect.Effect<void, Waited>
  /** How a round that is cancelled here ends; nothing where there is no round yet. */
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

/** A conversation asks for its first line before its servers have come up. */
export const serves = (here: World) => until("the server runs", () => here.noted().length >= 2)

/** SIGHUP: Node itself listens to SIGINT and SIGTERM from its first moment. */
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
    reached: (_, running) => running.shows(said.half),
    end: "RoundCancelled"
  },
  {
    name: "mid-tool-input",
    message: "phase:input",
    reached: (_, running) => running.shows(said.look),
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

/** The servers of a phase; one that is deaf makes every end hang that waits for it. */
export const serversOf = (phase: Phase, deaf: boolean): Servers => ({
  server: [...(deaf ? ["deaf" as const] : []), ...(phase.mute === true ? ["mute" as const] : [])],
  ...(phase.config === undefined ? {} : { config: phase.config })
})

/** The message, with its events as they are stored. */
export const runOf = (phase: Phase): ReadonlyArray<string> => ["run", "--format", "stream-json", phase.message]
