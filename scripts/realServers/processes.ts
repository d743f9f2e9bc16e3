import { readdirSync, readFileSync } from "node:fs"

interface Found {
  readonly pid: number
  readonly group: number
  readonly command: string
}

const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8")
  } catch {
    // The process has ended, or belongs to another user.
    return ""
  }
}

/** Linux only: all running processes with `mark` in their environment, or in one of these process groups. */
export const running = (mark: string, groups: ReadonlySet<number> = new Set()): ReadonlyArray<Found> =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stat = read(`/proc/${name}/stat`)
      const [state, , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
      if (stat === "" || state === "Z") return []
      const found = {
        pid: Number(name),
        group: Number(group),
        command: read(`/proc/${name}/cmdline`).replaceAll("\0", " ").trim().slice(-60)
      }
      return groups.has(found.group) || read(`/proc/${name}/environ`).includes(mark) ? [found] : []
    })
