import { fstatSync, readFileSync, statSync } from "node:fs"
import process from "node:process"
import * as Host from "./Host.ts"

const isNull = (): boolean => {
  try {
    return fstatSync(0).rdev === statSync("/dev/null").rdev
  } catch {
    // Closed: there is nothing to read from, either.
    return true
  }
}

/** Whether the process that started this one ignores SIGHUP, as a shell under `nohup` does. Only Linux tells. */
const parentIgnores = (): boolean => {
  try {
    const [, ignored] = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${process.ppid}/status`, "utf8")) ?? []
    return ignored !== undefined && (BigInt(`0x${ignored}`) & 1n) === 1n
  } catch {
    return false
  }
}

/**
 * Whether this process is to outlive the terminal it was started from. Node makes every signal that was ignored when it
 * started a default one before it runs a line of ours, so that `nohup` must be told by what else it leaves behind: neither
 * standard output nor standard error is a terminal, and standard input is the null device, or the shell says that it ran
 * `nohup`, or the process that started us ignores the hangup.
 */
export const isOutlived = (): boolean =>
  process.platform !== "win32" &&
  !process.stdout.isTTY &&
  !process.stderr.isTTY &&
  (isNull() || /(?:^|\/)nohup$/.test(Host.env["_"] ?? "") || parentIgnores())
