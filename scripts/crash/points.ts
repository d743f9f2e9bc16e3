import { join } from "node:path"
import type { Life, Place } from "./place.ts"
import { type Round, start, unseemly } from "./rounds.ts"

/** The system calls that change a file. `write` is not included, because only sockets, pipes and standard output use it. */
const calls =
  "pwrite64,pwritev,pwritev2,fsync,fdatasync,ftruncate,fallocate,link,linkat,rename,renameat2,unlink,unlinkat"

/** The `k`th call of one kind in the thread that runs SQLite. `strace` counts each kind separately. */
export interface Point {
  readonly call: string
  readonly k: number
  /**
   * Whether the call is on a new database that still has its temporary name. Then all calls of the thread count; otherwise
   * only those on the database.
   */
  readonly draft: boolean
}

/** The database, the files that SQLite creates beside it, and their directory, which is synced after a change of names. */
const named = (place: Place): ReadonlyArray<string> => {
  const database = join(place.data, "parley.db")
  return [database, `${database}-wal`, `${database}-shm`, `${database}-journal`, place.data]
}

/** A new database is written under a random temporary name, so `strace` cannot filter by it. */
const isDraft = (line: string, { data }: Place): boolean => line.includes(join(data, "parley.db."))

/** Whether a call, as `strace` prints it, is on the database. Other files below the same directory are ignored. */
const onDatabase = (line: string, place: Place): boolean =>
  isDraft(line, place) || named(place).some((path) => line.includes(`<${path}>`) || line.includes(`"${path}"`))

/** Options that restrict `strace` to the calls that may be points of this kind. */
const only = (draft: boolean, place: Place): ReadonlyArray<string> =>
  draft ? [] : named(place).flatMap((file) => ["-P", file])

/** The points of one kind in an undisturbed run of a round, numbered as `strace` counts them. */
const counted = async (place: Place, round: Round, draft: boolean): Promise<ReadonlyArray<Point>> => {
  const life = await start(place, round, { strace: ["-f", ...only(draft, place), "-e", `trace=${calls}`] })
  if (life.code !== round.code || unseemly(life).length > 0)
    throw new Error(`${round.name} ends with ${life.code ?? life.signal} without an injected fault: ${life.stderr}`)
  const counts = new Map<string, number>()
  return life.trace.split("\n").flatMap((line) => {
    const [, thread = "", call = ""] = /^(\d+) +(\w+)\(/.exec(line) ?? []
    if (call === "") return []
    const k = (counts.get(`${thread} ${call}`) ?? 0) + 1
    counts.set(`${thread} ${call}`, k)
    if (isDraft(line, place) !== draft || !onDatabase(line, place)) return []
    if (Number(thread) !== life.pid) {
      // Other threads sync the same directory for other files.
      if (!line.includes(join(place.data, "parley.db"))) return []
      throw new Error(`${round.name}: another thread writes to the database, so a call number is ambiguous: ${line}`)
    }
    return [{ call, k, draft }]
  })
}

/**
 * The system calls with which a round changes the database, recorded from runs without injected faults. Writes to other
 * files below the same directory are not points and are not counted.
 */
export const pointsOf = async (place: Place, round: Round): Promise<ReadonlyArray<Point>> => {
  const drafted = round.from === "nothing" ? await counted(place, round, true) : []
  return [...drafted, ...(await counted(place, round, false))]
}

/** Options that make `strace` inject `what` at the point. Without -f, only the thread that runs SQLite is traced. */
export const inject = (place: Place, { call, draft, k }: Point, what: string, from = ""): ReadonlyArray<string> => [
  ...only(draft, place),
  "-e",
  `trace=${call}`,
  "-e",
  `inject=${call}:${what}:when=${k}${from}`
]

/** Whether a fault was injected, and the first one was on the database. */
export const failed = ({ trace }: Life, place: Place): boolean => {
  const first = trace.split("\n").find((line) => line.includes("(INJECTED)"))
  return first !== undefined && onDatabase(first, place)
}
