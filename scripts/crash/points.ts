import { join } from "node:path"
import type { Life, Place } from "./place.ts"
import { type Round, start, unseemly } from "./rounds.ts"

/** Everything that changes a file. Writes to sockets, pipes and standard output are `write` and not among them. */
const calls =
  "pwrite64,pwritev,pwritev2,fsync,fdatasync,ftruncate,fallocate,link,linkat,rename,renameat2,unlink,unlinkat"

/** The `k`th call of one kind in the thread that runs SQLite. `strace` counts each kind by itself. */
export interface Point {
  readonly call: string
  readonly k: number
  /** It is on a new database that has no name yet, and all calls of the thread count. Else those on the database do. */
  readonly draft: boolean
}

/** The database and what SQLite puts beside it; names in their directory are changed with a sync of that. */
const named = (place: Place): ReadonlyArray<string> => {
  const database = join(place.data, "parley.db")
  return [database, `${database}-wal`, `${database}-shm`, `${database}-journal`, place.data]
}

/** A new database is written under another name, which is drawn: `strace` cannot be told of it. */
const isDraft = (line: string, { data }: Place): boolean => line.includes(join(data, "parley.db."))

/** Whether a call, as `strace` prints it, is on the database. Other files below the same directory are none of ours. */
const onDatabase = (line: string, place: Place): boolean =>
  isDraft(line, place) || named(place).some((path) => line.includes(`<${path}>`) || line.includes(`"${path}"`))

/** Options with which `strace` sees, and counts, only calls that may be points of this kind. */
const only = (draft: boolean, place: Place): ReadonlyArray<string> =>
  draft ? [] : named(place).flatMap((file) => ["-P", file])

/** The points of one kind in one undisturbed run of a round, numbered as `strace` counts them. */
const counted = async (place: Place, round: Round, draft: boolean): Promise<ReadonlyArray<Point>> => {
  const life = await start(place, round, { strace: ["-f", ...only(draft, place), "-e", `trace=${calls}`] })
  if (life.code !== round.code || unseemly(life).length > 0)
    throw new Error(`${round.name} ends with ${life.code ?? life.signal} by itself: ${life.stderr}`)
  const counts = new Map<string, number>()
  return life.trace.split("\n").flatMap((line) => {
    const [, thread = "", call = ""] = /^(\d+) +(\w+)\(/.exec(line) ?? []
    if (call === "") return []
    const k = (counts.get(`${thread} ${call}`) ?? 0) + 1
    counts.set(`${thread} ${call}`, k)
    if (isDraft(line, place) !== draft || !onDatabase(line, place)) return []
    if (Number(thread) !== life.pid) {
      // Others sync the same directory for files of their own.
      if (!line.includes(join(place.data, "parley.db"))) return []
      throw new Error(`${round.name}: another thread writes to the database, and a number names no one call: ${line}`)
    }
    return [{ call, k, draft }]
  })
}

/**
 * The system calls with which a round changes the database, from runs in which nothing is injected. Whatever else is
 * written below the same directory, by whatever thread, neither is a point nor counts.
 */
export const pointsOf = async (place: Place, round: Round): Promise<ReadonlyArray<Point>> => {
  const drafted = round.from === "nothing" ? await counted(place, round, true) : []
  return [...drafted, ...(await counted(place, round, false))]
}

/** Options that do `what` to the process at the point. Without -f: only the thread that runs SQLite is watched. */
export const inject = (place: Place, { call, draft, k }: Point, what: string, from = ""): ReadonlyArray<string> => [
  ...only(draft, place),
  "-e",
  `trace=${call}`,
  "-e",
  `inject=${call}:${what}:when=${k}${from}`
]

/** Whether calls were made to fail, and the first of them was on the database. */
export const failed = ({ trace }: Life, place: Place): boolean => {
  const first = trace.split("\n").find((line) => line.includes("(INJECTED)"))
  return first !== undefined && onDatabase(first, place)
}
