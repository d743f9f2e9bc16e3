import { readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import type { Place } from "./place.ts"
import { type Round, start, unseemly } from "./rounds.ts"

/** Everything that changes a file. Writes to sockets, pipes and standard output are `write` and not among them. */
const calls =
  "pwrite64,pwritev,pwritev2,fsync,fdatasync,ftruncate,fallocate,link,linkat,rename,renameat2,unlink,unlinkat"

/** The `k`th call of one kind in the thread that runs SQLite. `strace` counts each kind by itself. */
export interface Point {
  readonly call: string
  readonly k: number
}

/**
 * The system calls with which a round changes the database and its neighbours, from a run in which nothing is injected.
 * Calls on other files are counted, since `strace` counts them, but are no points.
 */
export const pointsOf = async (place: Place, round: Round): Promise<ReadonlyArray<Point>> => {
  const file = join(place.scratch, "..", "trace")
  const life = await start(place, round, {
    strace: ["-f", "-y", "-o", file, "-e", "signal=none", "-e", `trace=${calls}`]
  })
  if (life.code !== round.code || unseemly(life).length > 0)
    throw new Error(`${round.name} ends with ${life.code ?? life.signal} by itself: ${life.stderr}`)
  const lines = readFileSync(file, "utf8").split("\n")
  rmSync(file)
  const counts = new Map<string, number>()
  const threads = new Set<string>()
  const points = lines.flatMap((line) => {
    const [, thread = "", call = ""] = /^(\d+) +(\w+)\(/.exec(line) ?? []
    if (call === "") return []
    const k = (counts.get(`${thread} ${call}`) ?? 0) + 1
    counts.set(`${thread} ${call}`, k)
    if (!line.includes(place.data)) return []
    threads.add(thread)
    return [{ call, k }]
  })
  // Were there two, a number would not name one call.
  if (threads.size !== 1) throw new Error(`${round.name}: ${threads.size} threads write to the database`)
  return points
}

/** Options that do `what` to the process at the point. Without -f: only the thread that runs SQLite is watched. */
export const inject = ({ call, k }: Point, what: string, from = ""): ReadonlyArray<string> => [
  "-o",
  "/dev/null",
  "-e",
  "signal=none",
  "-e",
  `trace=${call}`,
  "-e",
  `inject=${call}:${what}:when=${k}${from}`
]
