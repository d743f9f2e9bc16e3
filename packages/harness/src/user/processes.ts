import { readdirSync, readFileSync } from "node:fs"
import { until } from "./until.ts"
import type { World } from "./world.ts"

/** Whether a process exists and is not a zombie. */
export const lives = (pid: number): boolean => {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, "utf8")
    return !/^[ZX]/.test(status.slice(status.lastIndexOf(")") + 2))
  } catch {
    return false
  }
}

const environmentOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8")
  } catch {
    return ""
  }
}

/** All processes of this home: the command, its server, and everything the server started, reported or not. */
export const runningIn = (here: World): ReadonlyArray<string> =>
  readdirSync("/proc").filter(
    (pid) => /^\d+$/.test(pid) && environmentOf(pid).split("\0").includes(`HOME=${here.home}`)
  )

/** Waits until no server, and no process that a server started, is left; they may need a moment to end. */
export const noChildren = (here: World) =>
  until(
    "all processes are gone",
    () => runningIn(here).length === 0,
    () => runningIn(here).join(" "),
    2
  )
