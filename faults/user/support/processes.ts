import { readdirSync, readFileSync } from "node:fs"
import { until } from "./until.ts"
import type { World } from "./world.ts"

/** Whether a process is there and more than a zombie that nobody has buried. */
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

/** All that runs in this home: the command, its server, and what that started, whether it has told of it or not. */
export const runningIn = (here: World): ReadonlyArray<string> =>
  readdirSync("/proc").filter(
    (pid) => /^\d+$/.test(pid) && environmentOf(pid).split("\0").includes(`HOME=${here.home}`)
  )

/** No server, and nothing that a server started, outlives the command by more than the moment that dying takes. */
export const noChildren = (here: World) =>
  until(
    "all processes are gone",
    () => runningIn(here).length === 0,
    () => runningIn(here).join(" "),
    2
  )
