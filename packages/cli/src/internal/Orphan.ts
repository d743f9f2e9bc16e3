import { fstatSync } from "node:fs"
import process from "node:process"

const parent = process.ppid
const lookEveryMillis = 500

/** Whether somebody holds the other end of standard input: a file is at its end without that meaning anything. */
const held = (): boolean => {
  try {
    const stat = fstatSync(0)
    return stat.isFIFO() || stat.isSocket()
  } catch {
    return false
  }
}

/**
 * Calls `f` when whoever started this process is gone. To be used at the end of input: a pipe that ended says nothing by
 * itself, since `echo hi | parley chat` ends its input at once, but together with a dead parent it says that the editor
 * that ran us was killed. Returns what ends the watch.
 */
export const whenOrphaned = (f: () => void): (() => void) => {
  if (!held()) return () => {}
  // @effect-diagnostics-next-line globalTimers:off -- started by a Node event, outside of any Effect
  const timer = setInterval(() => {
    if (process.ppid !== parent) f()
  }, lookEveryMillis)
  return () => clearInterval(timer)
}
