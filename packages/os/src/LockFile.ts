import { randomBytes } from "node:crypto"
import * as fs from "node:fs"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import * as ProcessIdentity from "./ProcessIdentity.ts"

/** Milliseconds between two looks at a lock: more and more of them, so that many who wait leave the holder room to work. */
const pauses = { first: 5, longest: 200, growth: 1.5 }
/** A lock names its holder in about a hundred bytes. */
const maxBytes = 4096

const Holder = Schema.fromJsonString(
  Schema.Struct({ pid: Schema.Int, machine: Schema.String, started: Schema.String, id: Schema.String })
)
const decode = Schema.decodeUnknownOption(Holder)
const encode = Schema.encodeSync(Holder)

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code

/** What is at the path of a lock, as it was when it was looked at. */
interface Found {
  readonly text: string
  readonly mtimeMs: number
}

const look = (path: string): Found | undefined => {
  try {
    const status = fs.lstatSync(path)
    // Reading a pipe or a device in its place might never return.
    const text = status.isFile() && status.size <= maxBytes ? fs.readFileSync(path, "utf8") : ""
    return { text, mtimeMs: status.mtimeMs }
  } catch {
    return undefined
  }
}

/**
 * Moves a lock aside that its holder has left behind. Another process may have done so a moment before, and what was moved
 * is then that one's new lock: it is put back.
 */
const clear = (path: string, stale: Found): void => {
  const aside = `${path}.${randomBytes(8).toString("hex")}`
  try {
    fs.renameSync(path, aside)
    if (look(aside)?.text !== stale.text) fs.linkSync(aside, path)
  } catch {
    // Another process was quicker, with the one or with the other.
  }
  fs.rmSync(aside, { force: true, recursive: true })
}

/** Whether the lock was created. An error when there can be none, as in a directory that is read-only, or on a full disk. */
const create = (path: string, text: string): boolean => {
  let file: number
  try {
    file = fs.openSync(path, "wx", 0o600)
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false
    throw error
  }
  try {
    fs.writeFileSync(file, text)
    return true
  } catch (error) {
    // Without the name of its holder it would be in the way until it is old.
    fs.rmSync(path, { force: true })
    throw error
  } finally {
    fs.closeSync(file)
  }
}

/** What locks of this process hold that were given back and could not be removed. */
const left = new Set<string>()

/** Gives a lock back. A disk that does not remove it is no reason to lose the result of what was done under it. */
const release = (path: string, own: string): Effect.Effect<void> =>
  Effect.suspend(() => {
    // A holder that took too long may find the lock of another process here.
    if (look(path)?.text !== own) return Effect.void
    try {
      fs.rmSync(path, { force: true })
      return Effect.void
    } catch (cause) {
      left.add(own)
      return Effect.logWarning(`The lock file ${path} cannot be removed; other processes wait until it is old`, cause)
    }
  })

export interface Options<E> {
  /**
   * A lock that is older than this was left behind, even if its holder cannot be told from a live process, as in another
   * container. Longer than any use may take. Clocks that disagree do not matter: a lock that a waiting process has watched
   * for so long counts as old too.
   */
  readonly longestHold: Duration.Input
  /** The error for a lock file that cannot be created, from the error of `node:fs`. */
  readonly unusable: (cause: unknown) => E
}

/**
 * Runs an effect while no other fiber and no other process runs one under the same path, and waits for its turn. The file
 * at `path` exists while the lock is held; its directory must exist. A lock of a process that has ended is taken over.
 */
export const withLockFile = <A, E, R, E2>(
  path: string,
  { longestHold, unusable }: Options<E2>,
  use: Effect.Effect<A, E, R>
): Effect.Effect<A, E | E2, R> =>
  Effect.suspend(() => {
    const { machine, pid, started } = ProcessIdentity
    const own = encode({ pid, machine, started, id: randomBytes(8).toString("hex") })
    const patience = Duration.toMillis(longestHold)
    let watched: { readonly text: string; readonly since: bigint } | undefined
    const isStale = ({ mtimeMs, text }: Found, now: number, monotonic: bigint): boolean => {
      const holder = decode(text)
      if (left.has(text) || (holder._tag === "Some" && ProcessIdentity.isDead(holder.value))) return true
      if (watched?.text !== text) watched = { text, since: monotonic }
      return now - mtimeMs > patience || Number(monotonic - watched.since) / 1e6 > patience
    }
    const attempt = Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const monotonic = yield* Clock.monotonicTimeNanos
      return yield* Effect.try({
        try: () => {
          if (create(path, own)) return true
          const found = look(path)
          if (found !== undefined && isStale(found, now, monotonic)) clear(path, found)
          return false
        },
        catch: unusable
      })
    })
    const takeAfter = (pause: number): Effect.Effect<void, E2> =>
      Effect.gen(function* () {
        if (yield* attempt) return
        // Drawn, so that those who wait do not look all at once.
        yield* Effect.sleep(Duration.millis(pause * (0.5 + (yield* Random.next))))
        yield* takeAfter(Math.min(pauses.longest, pause * pauses.growth))
      })
    const take = Effect.interruptible(takeAfter(pauses.first))
    return Effect.acquireUseRelease(
      take,
      () => use,
      () => release(path, own)
    )
  })
