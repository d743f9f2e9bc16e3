import { spawn } from "node:child_process"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import type { SessionBusy } from "@parley/domain/Errors"
import type { SessionId } from "@parley/domain/Ids"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import * as ProcessIdentity from "@parley/os/ProcessIdentity"
import * as SqliteSessions from "../src/sessions/SqliteSessions.ts"
import { LeaseRenewal } from "../src/file/StoreSettings.ts"
import { at, delta, fact } from "./support/events.ts"
import * as Temporary from "./support/temporary.ts"

/** Two stores on one file, as two processes have them, one of which never renews; and a connection for the test itself. */
const stores = Effect.gen(function* () {
  const filename = join(yield* Temporary.directory, "sessions.db")
  const store = (renewal: Duration.Duration) =>
    SqliteSessions.layer({ filename }).pipe(
      Layer.provide([Temporary.atOnce, Layer.succeed(LeaseRenewal, renewal)]),
      Layer.build,
      Effect.map((context) => Context.get(context, SessionManager))
    )
  const [stalled, other] = yield* Effect.all([store(Duration.infinity), store(Duration.seconds(3))])
  const db = yield* Effect.acquireRelease(
    Effect.sync(() => new DatabaseSync(filename)),
    (db) => Effect.sync(() => db.close())
  )
  return { db, other, stalled }
})

const busy = (sessions: SessionManager["Service"], id: SessionId) =>
  sessions.acquire(id).pipe(
    Effect.scoped,
    Effect.flip,
    Effect.flatMap((error) => (error._tag === "SessionBusy" ? Effect.succeed<SessionBusy>(error) : Effect.die(error)))
  )

/** A process of another machine, as the column has it. */
const elsewhere = '{"pid":4242,"host":"old","machine":"old x y","started":"1","since":1}'

/** A process that is there for as long as the scope. */
const neighbour = Effect.acquireRelease(
  Effect.sync(() => spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" })),
  (child) => Effect.sync(() => child.kill("SIGKILL"))
)

describe("leases", () => {
  it.effect("name the holder of the session in a helpful message: process, host and time", () =>
    Effect.gen(function* () {
      const { other, stalled } = yield* stores
      const { id } = yield* stalled.create({})
      yield* TestClock.setTime(1_700_000_000_000)
      yield* stalled.acquire(id)
      const { holder, message } = yield* busy(other, id)
      assert.deepStrictEqual(holder, { pid: process.pid, host: ProcessIdentity.host, since: 1_700_000_000_000 })
      assert.match(message, new RegExp(`in use by process ${process.pid} on this machine since \\d\\d:\\d\\d$`))
    })
  )

  it.effect("of a live process that stopped renewing expire, and then its appends fail", () =>
    Effect.gen(function* () {
      const { other, stalled } = yield* stores
      const { id } = yield* stalled.create({})
      const old = yield* stalled.acquire(id)
      yield* stalled.append(id, at(0, old.epoch), [delta("a")])
      yield* TestClock.adjust(9999)
      yield* busy(other, id)
      yield* TestClock.adjust(1)
      const { epoch } = yield* other.acquire(id)
      assert.strictEqual(epoch, old.epoch + 1)
      const before = yield* other.read(id, 0)
      // Its first sign of this is a refused append, with the head still right.
      const refused = yield* Effect.flip(stalled.append(id, at(1, old.epoch), [fact]))
      assert.strictEqual(refused._tag === "SessionBusy" ? refused.holder?.pid : refused._tag, process.pid)
      assert.deepStrictEqual(yield* other.read(id, 0), before)
      yield* other.append(id, at(1, epoch), [fact])
    })
  )

  it.effect("that were taken over are neither renewed nor released by their old holder", () =>
    Effect.gen(function* () {
      const { db, other, stalled } = yield* stores
      const { id } = yield* other.create({})
      const row = () => db.prepare("SELECT epoch, lease_until, holder FROM sessions").get()
      const scope = yield* Scope.make()
      yield* Scope.provide(other.acquire(id), scope)
      db.exec("UPDATE sessions SET lease_until = 0")
      yield* stalled.acquire(id)
      const taken = row()
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(row(), taken)
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(row(), taken)
      yield* busy(other, id)
    })
  )

  it.live("are taken over immediately from a dead process, but not from a live or an unknown one", () =>
    Effect.gen(function* () {
      const { db, other } = yield* stores
      const { id } = yield* other.create({})
      const child = yield* neighbour
      const pid = child.pid ?? 0
      const { host, machine } = ProcessIdentity
      const started = ProcessIdentity.startOf(pid)
      const clock = yield* Clock.Clock
      const hold = (holder: object) => {
        const since = clock.currentTimeMillisUnsafe()
        db.prepare("UPDATE sessions SET lease_until = ?, holder = ?").run(
          since + 9_000,
          JSON.stringify({ pid, host, machine, started, since, ...holder })
        )
      }
      hold({})
      assert.strictEqual((yield* busy(other, id)).holder?.pid, pid)
      // The same pid, but another process: only where the system tells when a process started.
      if (ProcessIdentity.started !== "") {
        hold({ started: "1" })
        yield* Effect.scoped(other.acquire(id))
      }
      yield* Effect.callback<void>((resume) => {
        child.once("exit", () => resume(Effect.void))
        child.kill("SIGKILL")
      })
      hold({ machine: "another", host: "another" })
      assert.match((yield* busy(other, id)).message, /on another since/)
      hold({})
      yield* Effect.scoped(other.acquire(id))
    })
  )

  it.effect("written with a clock that was ahead are taken over if not renewed for a lease duration", () =>
    Effect.gen(function* () {
      const { db, other } = yield* stores
      const { id } = yield* other.create({})
      const year = 365 * 24 * 3600_000
      for (const [until, who] of [
        [year, elsewhere],
        [Number.MAX_SAFE_INTEGER, elsewhere],
        [Number.MAX_SAFE_INTEGER, "garbage"]
      ] as const) {
        db.prepare("UPDATE sessions SET lease_until = ?, holder = ?").run(until, who)
        const fiber = yield* Effect.forkChild(Effect.scoped(other.acquire(id)), { startImmediately: true })
        yield* TestClock.adjust("9 seconds")
        assert.isUndefined(fiber.pollUnsafe(), "a lease is waited for as long as it may last")
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(fiber)
      }
    })
  )

  it.effect("of a live process whose clock is ahead are not taken over", () =>
    Effect.gen(function* () {
      const { db, other } = yield* stores
      const { id } = yield* other.create({})
      const renew = (until: number) =>
        db.prepare("UPDATE sessions SET lease_until = ?, holder = ?").run(until, elsewhere)
      renew(1_000_000)
      const fiber = yield* Effect.forkChild(busy(other, id), { startImmediately: true })
      yield* TestClock.adjust("3 seconds")
      renew(1_003_000)
      yield* TestClock.adjust("7 seconds")
      assert.strictEqual((yield* Fiber.join(fiber)).holder?.pid, 4242)
    })
  )
})
