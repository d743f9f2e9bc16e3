import process from "node:process"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { allPids, infoOf, isAlive, isOwnUser, variableOf } from "@parley/os/ProcessTable"
import { waitWhile } from "../requests/Waits.ts"
import { inheritedMark, isOwnMark, makerOf, markName } from "./ServerMark.ts"

/** A process that a server has started, directly or indirectly, and that may have left the server's process group. */
export interface Marked {
  readonly pid: number
  readonly started: string
  readonly mark: string
}

/** Only Linux reports the environment that a process was started with. */
const tells = process.platform === "linux"

const markedAt = (pid: number): ReadonlyArray<Marked> => {
  const mark = pid === process.pid ? undefined : variableOf(pid, markName)
  if (mark === undefined || mark === "" || !isOwnUser(pid)) return []
  const info = infoOf(pid)
  return isAlive(info) ? [{ pid, started: info.started, mark }] : []
}

/** The number of processes that are inspected before other work may run: about a millisecond. */
const atOnce = 24
const longestLook = 2000

/** Finds marked processes. On a system with very many processes the search stops after `longestLook` milliseconds. */
const look = Effect.suspend(() => {
  const pids = allPids()
  const pieces = Array.from({ length: Math.ceil(pids.length / atOnce) }, (_, i) =>
    pids.slice(i * atOnce, (i + 1) * atOnce)
  )
  const end = performance.now() + longestLook
  return Effect.forEach(pieces, (piece) =>
    Effect.andThen(
      Effect.yieldNow,
      Effect.sync(() => (performance.now() > end ? [] : piece.flatMap(markedAt)))
    )
  ).pipe(Effect.map((found) => found.flat()))
})

const one = Semaphore.makeUnsafe(1)
const search: { next: Deferred.Deferred<ReadonlyArray<Marked>> | undefined } = { next: undefined }

/**
 * All processes of this user that carry a mark, found by a search that begins after this effect starts. Servers that end
 * together share one search, so that ending many servers does not slow down the end of the command.
 */
const marked: Effect.Effect<ReadonlyArray<Marked>> = Effect.suspend(() => {
  if (!tells) return Effect.succeed<ReadonlyArray<Marked>>([])
  if (search.next !== undefined) return Deferred.await(search.next)
  const mine = Deferred.makeUnsafe<ReadonlyArray<Marked>>()
  search.next = mine
  const now = Effect.suspend(() => {
    search.next = undefined
    return look
  })
  return Semaphore.withPermit(one, now).pipe(
    Effect.onExit((exit) => Deferred.done(mine, exit)),
    Effect.uninterruptible
  )
})

const isStillThere = ({ pid, started }: Marked): boolean => {
  const info = infoOf(pid)
  return isAlive(info) && info.started === started
}

const signal = (one: Marked, name: NodeJS.Signals): void => {
  // Its pid may belong to another process by now.
  if (!isStillThere(one)) return
  try {
    process.kill(one.pid, name)
  } catch {
    // It has ended since the check.
  }
}

const end = Effect.fnUntraced(function* (
  pick: (all: ReadonlyArray<Marked>) => ReadonlyArray<Marked>,
  goesOn: () => boolean,
  grace: Duration.Duration
) {
  const found = pick(yield* marked)
  if (found.length === 0) return
  for (const one of found) signal(one, "SIGTERM")
  yield* waitWhile(() => goesOn() && found.some(isStillThere), grace)
  // This also finds processes that they have started in the meantime.
  const left = pick(yield* marked)
  for (const one of left) signal(one, "SIGKILL")
  yield* waitWhile(() => left.some(isStillThere), Duration.millis(500))
})

/**
 * Ends the processes that one run of a server left behind: SIGTERM, then SIGKILL for those that remain after the grace
 * period, or as soon as `goesOn` returns false. This includes a daemon that is meant to keep running, because it cannot be
 * distinguished from a browser that was left open, and such a browser holds memory, a port and a locked profile for as long
 * as the system runs. To keep a process, start it without the mark; see `markName`.
 */
export const endLeftovers = (mark: string, goesOn: () => boolean, grace: Duration.Duration): Effect.Effect<void> =>
  end((all) => all.filter((one) => one.mark === mark), goesOn, grace)

/** Sends SIGKILL to the processes with these marks, synchronously, because this process is exiting. */
export const killLeftovers = (marks: ReadonlySet<string>): void => {
  if (!tells || marks.size === 0) return
  for (const one of allPids().flatMap(markedAt)) if (marks.has(one.mark)) signal(one, "SIGKILL")
}

/** A process and all its ancestors. */
const withAncestors = (pid: number, found: ReadonlySet<number> = new Set()): ReadonlySet<number> => {
  if (pid <= 1 || found.has(pid)) return found
  return withAncestors(infoOf(pid)?.parent ?? 0, new Set([...found, pid]))
}

/**
 * The processes left behind by servers whose Parley process has certainly ended, because it was killed. Excluded are: every
 * process with the mark that this process inherited, because a server of that Parley started the terminal or program that we
 * run in; every living Parley process that runs servers; and the ancestors of these.
 */
export const abandoned = (all: ReadonlyArray<Marked>): ReadonlyArray<Marked> => {
  const makers = new Map(all.map(({ mark }) => [mark, makerOf(mark)]))
  const living = [process.pid, ...[...makers.values()].flatMap(({ fate, pid }) => (fate === "alive" ? [pid] : []))]
  const spared = new Set(living.flatMap((pid) => Array.from(withAncestors(pid))))
  return all.filter(
    ({ mark, pid }) =>
      makers.get(mark)?.fate === "gone" && mark !== inheritedMark && !isOwnMark(mark) && !spared.has(pid)
  )
}

/**
 * Ends the processes that servers of earlier Parley processes left behind, as `endLeftovers` does. It is uninterruptible.
 */
export const endAbandoned: Effect.Effect<void> = Effect.uninterruptible(end(abandoned, () => true, Duration.seconds(1)))
