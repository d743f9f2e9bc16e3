import { randomBytes } from "node:crypto"
import * as fs from "node:fs"
import { hostname } from "node:os"
import process from "node:process"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** Whoever holds a lock does so for a request or two. What is older was left behind, whatever its holder's number says. */
const longestHold = 120_000
const pause = "25 millis"

const Holder = Schema.fromJsonString(Schema.Struct({ pid: Schema.Int, host: Schema.String, id: Schema.String }))
const decode = Schema.decodeUnknownOption(Holder)
const encode = Schema.encodeSync(Holder)

const textOf = (path: string): string | undefined => {
  try {
    return fs.readFileSync(path, "utf8")
  } catch {
    return undefined
  }
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // Somebody else's process is one all the same.
    return error instanceof Error && "code" in error && error.code === "EPERM"
  }
}

const isStale = (path: string, text: string, now: number): boolean => {
  const holder = decode(text)
  if (holder._tag === "Some" && holder.value.host === hostname() && !isAlive(holder.value.pid)) return true
  try {
    return now - fs.statSync(path).mtimeMs > longestHold
  } catch {
    return false
  }
}

/**
 * Moves a lock aside that its holder has left behind. Another process may have done so a moment before, and what was moved
 * is then that one's new lock: it is put back.
 */
const clear = (path: string, stale: string): void => {
  const aside = `${path}.${randomBytes(8).toString("hex")}`
  try {
    fs.renameSync(path, aside)
    if (textOf(aside) !== stale) fs.linkSync(aside, path)
  } catch {
    // Somebody else was quicker, with the one or with the other.
  }
  fs.rmSync(aside, { force: true })
}

const tryTake = (path: string, own: string, now: number): boolean => {
  try {
    fs.writeFileSync(path, own, { flag: "wx", mode: 0o600 })
    return true
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error
    const held = textOf(path)
    if (held !== undefined && isStale(path, held, now)) clear(path, held)
    return false
  }
}

/** Runs an effect while no other fiber and no other process runs one under the same path. Waits for its turn. */
export const withLockFile = <A, E, R, E2>(
  path: string,
  unusable: (cause: unknown) => E2,
  use: Effect.Effect<A, E, R>
): Effect.Effect<A, E | E2, R> =>
  Effect.suspend(() => {
    const own = encode({ pid: process.pid, host: hostname(), id: randomBytes(8).toString("hex") })
    const attempt = Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.try({ try: () => tryTake(path, own, now), catch: unusable })
    )
    const take = Effect.interruptible(
      Effect.suspend(function again(): Effect.Effect<void, E2> {
        return Effect.flatMap(attempt, (taken) =>
          taken ? Effect.void : Effect.andThen(Effect.sleep(pause), Effect.suspend(again))
        )
      })
    )
    return Effect.acquireUseRelease(
      take,
      () => use,
      // Who held it for too long may find the lock of somebody else.
      () => Effect.sync(() => void (textOf(path) === own && fs.rmSync(path, { force: true })))
    )
  })
