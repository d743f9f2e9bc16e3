import { randomBytes } from "node:crypto"
import * as fs from "node:fs"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import * as ProcessIdentity from "./ProcessIdentity.ts"

/** Milliseconds between two attempts to take a lock. They grow, so that many waiting processes do not slow the holder. */
const pauses = { first: 5, longest: 200, growth: 1.5 }
/** The maximum size of a lock file that is read. A valid one takes about a hundred bytes. */
const maxBytes = 4096

const Holder = Schema.fromJsonString(
  Schema.Struct({ pid: Schema.Int, machine: Schema.String, started: Schema.String, id: Schema.String })
)
const decode = Schema.decodeUnknownOption(Holder)
const encode = Schema.encodeSync(Holder)

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code

/** The content of a lock file when it was read. */
interface Found {
  readonly text: string
  readonly mtimeMs: number
}

const look = (path: string): Found | undefined => {
  try {
    const status = fs.lstatSync(path)
    // Anything but a regular file is not read: reading a pipe or a device might block forever.
    const text = status.isFile() && status.size <= maxBytes ? fs.readFileSync(path, "utf8") : ""
    return { text, mtimeMs: status.mtimeMs }
  } catch {
    return undefined
  }
}

/**
 * Removes a stale lock by moving it aside. If another process did so a moment before, this moves that process's new lock,
 * and puts it back.
 */
const clear = (path: string, stale: Found): void => {
  const aside = `${path}.${randomBytes(8).toString("hex")}`
  try {
    fs.renameSync(path, aside)
    if (look(aside)?.text !== stale.text) fs.linkSync(aside, path)
  } catch {
    // Another process was faster, in removing the stale lock or in creating a new one.
  }
  fs.rmSync(aside, { force: true, recursive: true })
}

/** Creates the lock file; false if it exists. Throws if that is impossible: a read-only directory, or a full disk. */
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
    // Without its holder's identity, the lock would block everyone until it is old.
    fs.rmSync(path, { force: true })
    throw error
  } finally {
    fs.closeSync(file)
  }
}

/** The contents of lock files that this process has released but could not remove. */
const left = new Set<string>()

/** Releases a lock. Only logs a failure, so that the result of the work under the lock is not lost. */
const release = (path: string, own: string): Effect.Effect<void> =>
  Effect.suspend(() => {
    // If this holder took too long, the file may be another process's lock by now.
    if (look(path)?.text !== own) return Effect.void
    try {
      fs.rmSync(path, { force: true })
      return Effect.void
    } catch (cause) {
      left.add(own)
      return Effect.logWarning(
        `The lock file ${path} cannot be removed; other processes have to wait until it expires`,
        cause
      )
    }
  })

/**
 * Options of `withLockFile`. `E` is the error for a lock file that cannot be created.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<E> {
  /**
   * A lock that is older than this is stale, even if its holder may still be alive, as with one in another container. Must
   * be longer than any use takes. Differing clocks do not matter: a lock that a waiting process has watched for this long is
   * stale too.
   */
  readonly longestHold: Duration.Input
  /** Makes the error for a lock file that cannot be created from the error of `node:fs`. */
  readonly unusable: (cause: unknown) => E
}

/**
 * Waits for the lock at `path`, then runs an effect while no other fiber or process holds that lock. The file at `path`
 * exists while the lock is held; its directory must exist. The lock of a process that has ended is taken over.
 *
 * @since 0.1.0
 * @category functions
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
        // Randomised, so that waiting processes do not all try at the same time.
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
