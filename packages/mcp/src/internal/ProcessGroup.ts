import type { ChildProcess } from "node:child_process"
import process from "node:process"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { allPids, infoOf, isAlive as isAliveProcess } from "@parley/os/ProcessTable"
import { endLeftovers, killLeftovers } from "./Leftovers.ts"
import { waitWhile } from "./Waiting.ts"
import type { Haste } from "../Haste.ts"

/**
 * A server is the leader of a process group of its own, so that what it starts itself can be ended with it: a signal to
 * `-pid` reaches the whole group on Linux and macOS. Its own group also means that Ctrl-C in the terminal reaches Parley
 * alone, which then ends its servers in order. A process that leaves its group (a browser, a daemon) is found on Linux by
 * the mark in its environment; elsewhere it is out of reach. Windows has no process groups: there only the server itself
 * is ended.
 */
export const ownGroup = process.platform !== "win32"

// Groups and marks to end should this process leave without closing its scopes, for example by `process.exit`.
const groups = new Set<number>()
const marks = new Set<string>()

const signalGroup = (pid: number, signal: NodeJS.Signals | 0): boolean => {
  try {
    return process.kill(-pid, signal)
  } catch {
    // ESRCH: nobody is left in the group.
    return false
  }
}

const endAll = (): void => {
  groups.forEach((pid) => void signalGroup(pid, "SIGKILL"))
  killLeftovers(marks)
}

/** From now on the group, and what carries the mark, ends at the latest when this process does. */
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

/** Groups that have been sent SIGTERM: many programs take a second one to mean that they must not clear up. */
const asked = new Set<number>()

const ask = (pid: number): void => {
  if (asked.has(pid)) return
  asked.add(pid)
  signalGroup(pid, "SIGTERM")
}

/** Sends SIGTERM to all groups that are left. */
export const askAll = (): void => groups.forEach(ask)

const leaderIsAlive = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null

/**
 * Whether somebody in the group is more than a zombie. Zombies take signals as if they lived, for as long as the process
 * that inherited them does not look: in a container without a real init that may be for ever.
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
  /** How long it has after the end of its input, again after SIGTERM, and what it has left after that. */
  readonly grace: Duration.Duration
  /** Cuts the periods of grace short. */
  readonly haste: Haste
  /** What it has started is known by it. */
  readonly mark: string
}

/**
 * Ends a server and everything it has started: end of input, and when that is not enough within the grace period SIGTERM,
 * and after the same time again SIGKILL. Then the same with what has left its process group. Returns when all of that is
 * gone, at the latest shortly after SIGKILL.
 */
export const terminate = Effect.fnUntraced(function* (child: ChildProcess, { grace, haste, mark }: Ending) {
  // It was never started.
  if (child.pid === undefined) return
  child.stdin?.end()
  yield* waitWhile(() => leaderIsAlive(child) && !haste.isOver("input"), grace)
  if (isAlive(child)) {
    signal(child, "SIGTERM")
    yield* waitWhile(() => isAlive(child) && !haste.isOver("asked"), grace)
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
  yield* endLeftovers(mark, () => !haste.isOver("left"), grace)
  unwatch(mark)
})
