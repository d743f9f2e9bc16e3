import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs"
import process from "node:process"
import { setTimeout as sleep } from "node:timers/promises"

/** What a process holds. Bytes, or counts. */
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
  /** What the handles and descriptors are, for a person who looks for a leak. */
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
      // The descriptor of the listing itself.
      return []
    }
  })

/** Of all threads: Node may start a child from any. */
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

/** What only finalizers let go of is gone after the next collection. */
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
 * Of a process that does nothing at the moment. Connections that are kept alive close within seconds, so handles and
 * descriptors are looked at until there are no more than `before` had, and for seven seconds at most.
 */
export const take = async (
  rounds: number,
  databaseFile: string,
  counted: () => Pick<Sample, "fibers" | "warnings">,
  before?: Sample
): Promise<Sample> => {
  // At the start there is nothing to wait for.
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
