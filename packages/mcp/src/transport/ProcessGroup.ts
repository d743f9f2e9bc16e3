import type { ChildProcess } from "node:child_process"
import process from "node:process"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { allPids, infoOf, isAlive as isAliveProcess } from "@parley/os/ProcessTable"
import { endLeftovers, killLeftovers } from "./Leftovers.ts"
import { waitWhile } from "../requests/Waits.ts"
import type { EndingDeadline } from "./EndingDeadline.ts"

/**
 * Each server is the leader of its own process group, so that the processes it starts can be ended with it: on Linux and
 * macOS, a signal to `-pid` reaches the whole group. A separate group also means that Ctrl-C in the terminal reaches only
 * Parley, which then ends its servers in an orderly way. A process that leaves the group (a browser, a daemon) is found on
 * Linux by the mark in its environment; on other systems it cannot be found. Windows has no process groups: there only the
 * server itself is ended.
 */
export const ownGroup = process.platform !== "win32"

// Groups and marks to end if this process exits without closing its scopes, for example by `process.exit`.
const groups = new Set<number>()
const marks = new Set<string>()

const signalGroup = (pid: number, signal: NodeJS.Signals | 0): boolean => {
  try {
    return process.kill(-pid, signal)
  } catch {
    // ESRCH: the group has no processes.
    return false
  }
}

const endAll = (): void => {
  groups.forEach((pid) => void signalGroup(pid, "SIGKILL"))
  killLeftovers(marks)
}

/** Ensures that the group, and all processes that carry the mark, are killed when this process exits. */
export const watch = (child: ChildProcess, mark: string): void => {
  if (!ownGroup || child.pid === undefined) return
  if (marks.size === 0) process.once("exit", endAll)
  groups.add(child.pid)
  marks.add(mark)
}

const unwatch = (mark: string): void => {
  marks.delete(mark)
  if (marks.size === 0) process.removeListener("exit", endAll)
}

/** Groups that have received SIGTERM. They get no second one, because many programs then exit without cleaning up. */
const asked = new Set<number>()

const ask = (pid: number): void => {
  if (asked.has(pid)) return
  asked.add(pid)
  signalGroup(pid, "SIGTERM")
}

/** Sends SIGTERM to all remaining groups. */
export const askAll = (): void => groups.forEach(ask)

const leaderIsAlive = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null

/**
 * Whether the group contains a process that is not a zombie. Zombies accept signals until their parent reaps them, and in a
 * container without a proper init process that may never happen.
 */
const groupHasLife = (group: number): boolean =>
  process.platform !== "linux" ||
  allPids().some((pid) => {
    const info = infoOf(pid)
    return isAliveProcess(info) && info.group === group
  })

const isAlive = (child: ChildProcess): boolean =>
  child.pid !== undefined && (ownGroup ? signalGroup(child.pid, 0) && groupHasLife(child.pid) : leaderIsAlive(child))

const signal = (child: ChildProcess, name: "SIGTERM" | "SIGKILL"): void => {
  if (child.pid === undefined) return
  if (!ownGroup) child.kill(name)
  else if (name === "SIGTERM") ask(child.pid)
  else signalGroup(child.pid, name)
}

export interface Ending {
  /** The grace period after the end of its input, again after SIGTERM, and again for processes that it left behind. */
  readonly grace: Duration.Duration
  /** Shortens the grace periods when a signal is ending this process. */
  readonly deadline: EndingDeadline
  /** Identifies the processes that the server has started. */
  readonly mark: string
}

/**
 * Ends a server and everything that it has started: closes its standard input, sends SIGTERM after the grace period, and
 * SIGKILL after another grace period. Then it ends the processes that left the process group with SIGTERM and SIGKILL.
 * Returns when all of them have ended, at the latest shortly after SIGKILL.
 */
export const terminate = Effect.fnUntraced(function* (child: ChildProcess, { grace, deadline, mark }: Ending) {
  // It was never started.
  if (child.pid === undefined) return
  child.stdin?.end()
  yield* waitWhile(() => leaderIsAlive(child) && !deadline.isOver("input"), grace)
  if (isAlive(child)) {
    signal(child, "SIGTERM")
    yield* waitWhile(() => isAlive(child) && !deadline.isOver("asked"), grace)
  }
  if (isAlive(child)) {
    signal(child, "SIGKILL")
    yield* waitWhile(() => isAlive(child), Duration.millis(500))
  }
  child.stdin?.destroy()
  child.stdout?.destroy()
  child.stderr?.destroy()
  groups.delete(child.pid)
  asked.delete(child.pid)
  yield* endLeftovers(mark, () => !deadline.isOver("left"), grace)
  unwatch(mark)
})
