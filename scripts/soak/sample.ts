import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs"
import process from "node:process"
import { setTimeout as sleep } from "node:timers/promises"

/** The resources that a process holds, in bytes or as counts. */
export interface Sample {
  readonly rounds: number
  readonly heap: number
  readonly external: number
  readonly rss: number
  readonly descriptors: number
  readonly handles: number
  readonly listeners: number
  readonly children: number
  readonly fibers: number
  readonly warnings: number
  readonly database: number
  /** The kinds of the open handles and file descriptors, to help find a leak. */
  readonly detail: { readonly [kind: string]: number }
}

const countOf = (kinds: ReadonlyArray<string>): { readonly [kind: string]: number } => {
  const counts: Record<string, number> = {}
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

const descriptors = (): ReadonlyArray<string> =>
  readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`).replace(/:.*$/, "").replace(/^.*\//, "file ")]
    } catch {
      // The file descriptor of the directory listing itself.
      return []
    }
  })

/** The number of child processes of all threads, because Node may start a child from any thread. */
const children = (): number =>
  readdirSync("/proc/self/task")
    .flatMap((task) => readFileSync(`/proc/self/task/${task}/children`, "utf8").trim().split(/\s+/))
    .filter((pid) => pid !== "").length

const listeners = (): number =>
  [process, process.stdin, process.stdout, process.stderr].reduce(
    (sum, emitter) => emitter.eventNames().reduce((all, name) => all + emitter.listenerCount(name), sum),
    0
  )

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

/** Collects garbage several times: objects that are released by finalizers are freed only by a later collection. */
const collect = async (): Promise<void> => {
  for (let i = 0; i < 4; i++) {
    globalThis.gc?.()
    await sleep(5)
  }
}

export const watchWarnings = (): (() => number) => {
  let count = 0
  process.on("warning", ({ name }) => {
    if (name === "MaxListenersExceededWarning") count++
  })
  return () => count
}

/**
 * Takes a sample of an idle process. Keep-alive connections close within seconds, so handles and file descriptors are
 * counted repeatedly until there are no more than in `before`, for at most seven seconds.
 */
export const take = async (
  rounds: number,
  databaseFile: string,
  counted: () => Pick<Sample, "fibers" | "warnings">,
  before?: Sample
): Promise<Sample> => {
  // The first sample has no earlier one to compare with, so it does not wait.
  const patience = rounds === 0 ? 0 : 7000
  const started = performance.now()
  const look = () => {
    const handles = process.getActiveResourcesInfo()
    return { handles, open: descriptors() }
  }
  let least = look()
  for (;;) {
    const now = look()
    if (now.handles.length + now.open.length <= least.handles.length + least.open.length) least = now
    const done =
      before !== undefined && least.handles.length <= before.handles && least.open.length <= before.descriptors
    if (done || performance.now() - started > patience) break
    await sleep(100)
  }
  await collect()
  const { external, heapUsed, rss } = process.memoryUsage()
  return {
    rounds,
    heap: heapUsed,
    external,
    rss,
    descriptors: least.open.length,
    handles: least.handles.length,
    listeners: listeners(),
    children: children(),
    ...counted(),
    database: sizeOf(databaseFile) + sizeOf(`${databaseFile}-wal`),
    detail: countOf([...least.handles.map((kind) => `handle ${kind}`), ...least.open.map((kind) => `fd ${kind}`)])
  }
}
