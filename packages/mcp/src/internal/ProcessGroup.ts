import type { ChildProcess } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import process from "node:process"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

/**
 * A server is the leader of a process group of its own, so that what it starts itself can be ended with it: a signal to
 * `-pid` reaches the whole group on Linux and macOS. Its own group also means that Ctrl-C in the terminal reaches Parley
 * alone, which then ends its servers in order. A process that leaves its group (a daemon that calls `setsid`) is out of
 * reach. Windows has no process groups: there only the server itself is ended.
 */
export const ownGroup = process.platform !== "win32"

// Groups to end should this process leave without closing its scopes, for example by `process.exit`.
const live = new Set<number>()

const signalGroup = (pid: number, signal: NodeJS.Signals | 0): boolean => {
  try {
    return process.kill(-pid, signal)
  } catch {
    // ESRCH: nobody is left in the group.
    return false
  }
}

const endLive = (): void => live.forEach((pid) => void signalGroup(pid, "SIGKILL"))

/** From now on the group ends at the latest when this process does. */
export const watch = (child: ChildProcess): void => {
  if (!ownGroup || child.pid === undefined) return
  if (live.size === 0) process.once("exit", endLive)
  live.add(child.pid)
}

const unwatch = (child: ChildProcess): void => {
  if (child.pid === undefined) return
  live.delete(child.pid)
  if (live.size === 0) process.removeListener("exit", endLive)
}

const leaderIsAlive = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null

const statusOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8")
  } catch {
    // It has ended since it was listed.
    return ""
  }
}

/**
 * Whether somebody in the group is more than a zombie. Zombies take signals as if they lived, for as long as the process
 * that inherited them does not look: in a container without a real init that may be for ever.
 */
const groupHasLife = (group: number): boolean =>
  process.platform !== "linux" ||
  readdirSync("/proc").some((entry) => {
    if (!/^\d+$/.test(entry)) return false
    // After the name, which may hold anything in parentheses: state, parent, group.
    const status = statusOf(entry)
    const [state, , memberOf] = status.slice(status.lastIndexOf(")") + 2).split(" ")
    return Number(memberOf) === group && state !== "Z" && state !== "X"
  })

const isAlive = (child: ChildProcess): boolean =>
  child.pid !== undefined && (ownGroup ? signalGroup(child.pid, 0) && groupHasLife(child.pid) : leaderIsAlive(child))

const signal = (child: ChildProcess, name: NodeJS.Signals): void => {
  if (child.pid === undefined) return
  if (ownGroup) signalGroup(child.pid, name)
  else child.kill(name)
}

/** Waits until the condition is gone, at most as long as stated. */
const waitWhile = (condition: () => boolean, atMost: Duration.Duration): Effect.Effect<void> =>
  Effect.sync(condition).pipe(
    Effect.repeat({ while: (holds) => holds, schedule: Schedule.spaced("20 millis") }),
    Effect.timeoutOption(atMost),
    Effect.asVoid
  )

/**
 * Ends a server and everything in its process group: end of input, and when that is not enough within the grace period
 * SIGTERM, and after the same time again SIGKILL. Returns when the group is gone, at the latest shortly after SIGKILL.
 */
export const terminate = Effect.fnUntraced(function* (child: ChildProcess, grace: Duration.Duration) {
  // It was never started.
  if (child.pid === undefined) return
  child.stdin?.end()
  yield* waitWhile(() => leaderIsAlive(child), grace)
  if (isAlive(child)) {
    signal(child, "SIGTERM")
    yield* waitWhile(() => isAlive(child), grace)
  }
  if (isAlive(child)) {
    signal(child, "SIGKILL")
    yield* waitWhile(() => isAlive(child), Duration.millis(500))
  }
  child.stdin?.destroy()
  child.stdout?.destroy()
  child.stderr?.destroy()
  unwatch(child)
})
