import { fstatSync } from "node:fs"
import process from "node:process"

const parent = process.ppid
const lookEveryMillis = 500

/** Whether standard input has another end. The end of a file, in contrast, says nothing about the parent process. */
const hasOtherEnd = (): boolean => {
  try {
    const stat = fstatSync(0)
    return stat.isFIFO() || stat.isSocket()
  } catch {
    return false
  }
}

/**
 * Calls `f` when the parent process has ended. Use it at the end of input: the end of a pipe means nothing by itself, since
 * `echo hi | parley chat` ends its input at once, but together with a dead parent it means that the program that started us,
 * such as an editor, was killed. Returns a function that ends the watch.
 */
export const whenOrphaned = (f: () => void): (() => void) => {
  if (!hasOtherEnd()) return () => {}
  // @effect-diagnostics-next-line globalTimers:off -- started by a Node event, outside of any Effect
  const timer = setInterval(() => {
    if (process.ppid !== parent) f()
  }, lookEveryMillis)
  return () => clearInterval(timer)
}
