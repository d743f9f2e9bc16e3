import process from "node:process"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { allPids, infoOf, isAlive, isOwnUser, variableOf } from "@parley/os/ProcessTable"
import { waitWhile } from "./Waiting.ts"
import { inheritedMark, isOwnMark, makerOf, markName } from "./ServerMark.ts"

/** A process that a server has started, directly or not, and that may have left the server's group. */
export interface Marked {
  readonly pid: number
  readonly started: string
  readonly mark: string
}

/** Only Linux tells what environment a process was started with. */
const tells = process.platform === "linux"

const markedAt = (pid: number): ReadonlyArray<Marked> => {
  const mark = pid === process.pid ? undefined : variableOf(pid, markName)
  if (mark === undefined || mark === "" || !isOwnUser(pid)) return []
  const info = infoOf(pid)
  return isAlive(info) ? [{ pid, started: info.started, mark }] : []
}

/** So many processes are looked at before other work has its turn: about a millisecond. */
const atOnce = 24
const longestLook = 2000

/** A system with very many processes is not looked at to the end. */
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
const held: { next: Deferred.Deferred<ReadonlyArray<Marked>> | undefined } = { next: undefined }

/**
 * All processes of this user that carry a mark, as they are after this was asked for. Servers that end together share one look,
 * so that many of them do not make the end of the command slow.
 */
const marked: Effect.Effect<ReadonlyArray<Marked>> = Effect.suspend(() => {
  if (!tells) return Effect.succeed<ReadonlyArray<Marked>>([])
  if (held.next !== undefined) return Deferred.await(held.next)
  const mine = Deferred.makeUnsafe<ReadonlyArray<Marked>>()
  held.next = mine
  const now = Effect.suspend(() => {
    held.next = undefined
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
    // It ended in this instant.
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
  // What they have started meanwhile is among these.
  const left = pick(yield* marked)
  for (const one of left) signal(one, "SIGKILL")
  yield* waitWhile(() => left.some(isStillThere), Duration.millis(500))
})

/**
 * Ends what one life of a server has left: SIGTERM, and SIGKILL for what is there after the grace period, or as soon as
 * `goesOn` says that there is no time for it. A daemon that the server has started for good is among that: from outside it
 * cannot be told from a browser that was left open, and such a browser holds memory, a port and a locked profile
 * for as long as the system runs. To keep one, start it without the mark; see `markName`.
 */
export const endLeftovers = (mark: string, goesOn: () => boolean, grace: Duration.Duration): Effect.Effect<void> =>
  end((all) => all.filter((one) => one.mark === mark), goesOn, grace)

/** The same at once, for a process that leaves this instant. */
export const killLeftovers = (marks: ReadonlySet<string>): void => {
  if (!tells || marks.size === 0) return
  for (const one of allPids().flatMap(markedAt)) if (marks.has(one.mark)) signal(one, "SIGKILL")
}

/** A process and those that have started it, and those that have started them. */
const withAncestors = (pid: number, found: ReadonlySet<number> = new Set()): ReadonlySet<number> => {
  if (pid <= 1 || found.has(pid)) return found
  return withAncestors(infoOf(pid)?.parent ?? 0, new Set([...found, pid]))
}

/**
 * What servers have left whose Parley is certainly gone, because it was killed. Spared are whatever shares our own mark,
 * when a server of that Parley started what we run in, such as a terminal; every Parley that runs servers; and what started one of them.
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

/** Ends what servers of an earlier Parley have left, as `endLeftovers` does. Once begun it is not interrupted. */
export const endAbandoned: Effect.Effect<void> = Effect.uninterruptible(end(abandoned, () => true, Duration.seconds(1)))
