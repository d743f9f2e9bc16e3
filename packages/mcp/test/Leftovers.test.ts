import { spawn } from "node:child_process"
import { join } from "node:path"
import process, { env as inherited } from "node:process"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Exit, Layer, Scope } from "effect"
import { McpManager } from "@parley/domain/McpManager"
import { abandoned } from "../src/transport/Leftovers.ts"
import { allPids, infoOf } from "@parley/os/ProcessTable"
import { makerOf, newMark } from "../src/transport/ServerMark.ts"
import {
  context,
  directory,
  eventually,
  isRunning,
  logged,
  manager as managerLayer,
  rawServer,
  readLog,
  withManager
} from "./support.ts"
import { promptly } from "@parley/harness/promptly"

const leavingAbruptly = fileURLToPath(new URL("./fixtures/leaving-abruptly.ts", import.meta.url))
const marked = process.platform === "linux"

const kill = (pid: unknown) =>
  Effect.sync(() => {
    if (typeof pid === "number" && isRunning(pid)) process.kill(pid, "SIGKILL")
  })

/** Starts a process in its own process group with the given variables. It ends with the scope. */
const started = (env: { readonly [name: string]: string }, script = "sleep 300") =>
  Effect.acquireRelease(
    Effect.sync(
      () => spawn("sh", ["-c", script], { detached: true, stdio: "ignore", env: { ...inherited, ...env } }).pid
    ),
    kill
  )

const gone = (pid: unknown) =>
  eventually(
    Effect.sync(() => isRunning(pid)),
    (running) => !running
  )

/** A mark of a Parley process that has ended: its pid now belongs to a process with another start time. */
const markOfTheDead = (pid = process.pid): string => newMark().replace(/^\d+-\d+-/, `${pid}-1-`)

/** Runs a manager while the effect runs, and then closes it. */
const during = <A, E>(servers: Parameters<typeof withManager>[0]["servers"], use: Effect.Effect<A, E>) =>
  withManager({ servers }, ({ tools }) => Effect.andThen(tools, use))

describe.runIf(marked)("a process that a server has started in another process group", () => {
  it.live("is ended after the server, by SIGTERM or by SIGKILL", () =>
    Effect.gen(function* () {
      const log = join(yield* directory, "log")
      const servers = { s: rawServer("--browser", "--stubborn", `--log=${log}`) }
      yield* during(servers, logged(log, "browser"))
      const browsers = (yield* readLog(log)).flatMap(({ browser }) => browser ?? [])
      assert.strictEqual(browsers.length, 2)
      assert.deepStrictEqual(browsers.filter(isRunning), [])
    })
  )

  it.live("is ended when the server is killed, while Parley continues", () =>
    Effect.gen(function* () {
      const log = join(yield* directory, "log")
      yield* withManager({ servers: { s: rawServer("--browser", `--log=${log}`) } }, (manager) =>
        Effect.gen(function* () {
          yield* manager.tools
          const browser = yield* logged(log, "browser")
          assert.isTrue(isRunning(browser))
          yield* Effect.flip(manager.call("s__crash", {}, context))
          yield* gone(browser)
        })
      )
    })
  )

  it.live("of another server keeps running", () =>
    Effect.gen(function* () {
      const logs = yield* directory
      const [one, other] = [join(logs, "one"), join(logs, "other")]
      const servers = {
        one: rawServer("--browser", `--log=${one}`),
        other: rawServer("--browser", `--log=${other}`)
      }
      yield* withManager({ servers }, (manager) =>
        Effect.gen(function* () {
          yield* manager.tools
          const [ended, stays] = [yield* logged(one, "browser"), yield* logged(other, "browser")]
          yield* Effect.flip(manager.call("one__crash", {}, context))
          yield* gone(ended)
          assert.isTrue(isRunning(stays))
        })
      )
    })
  )

  it.live("keeps running if the mark was removed by the server or by its configuration", () =>
    Effect.gen(function* () {
      const logs = yield* directory
      const [one, other] = [join(logs, "one"), join(logs, "other")]
      const servers = {
        one: rawServer("--daemon", `--log=${one}`),
        other: { ...rawServer("--browser", `--log=${other}`), env: { PARLEY_SERVER: "" } }
      }
      yield* during(servers, Effect.void)
      const daemons = [yield* logged(one, "daemon"), yield* logged(other, "browser")]
      yield* Effect.addFinalizer(() => Effect.forEach(daemons, kill))
      assert.deepStrictEqual(daemons.filter(isRunning), daemons)
    })
  )

  it.live("ends with a process that exits without closing its scopes", () =>
    Effect.gen(function* () {
      const log = join(yield* directory, "log")
      const child = spawn(process.execPath, [leavingAbruptly, log, "--browser"], { stdio: "ignore" })
      yield* eventually(
        Effect.sync(() => child.exitCode),
        (code) => code !== null
      )
      yield* gone(yield* logged(log, "browser"))
    })
  )
})

describe("when the process is ending by a signal", () => {
  it.live("servers receive SIGTERM soon, and have time to close what they started", () =>
    Effect.gen(function* () {
      const log = join(yield* directory, "log")
      const ending = yield* Deferred.make<void>()
      const scope = yield* Scope.make()
      const servers = { s: rawServer("--closes", "--closing=500", "--browser", `--log=${log}`) }
      const services = yield* Layer.buildWithScope(
        managerLayer({ servers, closeGrace: "20 seconds", ending: Deferred.await(ending) }),
        scope
      )
      yield* Effect.flatMap(McpManager, ({ tools }) => tools).pipe(Effect.provide(services))
      const before = yield* Clock.currentTimeMillis
      yield* Deferred.succeed(ending, undefined)
      yield* Scope.close(scope, Exit.void)
      promptly((yield* Clock.currentTimeMillis) - before, 1500)
      const entries = yield* readLog(log)
      assert.deepStrictEqual(
        entries.filter((entry) => "signal" in entry || "closed" in entry).map((entry) => Object.keys(entry)),
        [["signal"], ["closed"]]
      )
      assert.isFalse(isRunning(yield* logged(log, "browser")))
    })
  )

  it.live("servers also receive SIGTERM if closing them has not begun", () =>
    Effect.gen(function* () {
      const log = join(yield* directory, "log")
      const ending = yield* Deferred.make<void>()
      const servers = { s: rawServer("--closes", `--log=${log}`) }
      yield* withManager({ servers, ending: Deferred.await(ending) }, ({ tools }) =>
        Effect.gen(function* () {
          yield* tools
          yield* Deferred.succeed(ending, undefined)
          assert.strictEqual(yield* logged(log, "signal"), "SIGTERM")
        })
      )
    })
  )

  it.live("one that does not exit is killed within the time, and what it left is ended too", () =>
    Effect.gen(function* () {
      const log = join(yield* directory, "log")
      const ending = yield* Deferred.make<void>()
      const scope = yield* Scope.make()
      const servers = { s: rawServer("--deaf", "--browser", "--stubborn", `--log=${log}`) }
      const services = yield* Layer.buildWithScope(
        managerLayer({ servers, closeGrace: "20 seconds", ending: Deferred.await(ending) }),
        scope
      )
      yield* Effect.flatMap(McpManager, ({ tools }) => tools).pipe(Effect.provide(services))
      const before = yield* Clock.currentTimeMillis
      yield* Deferred.succeed(ending, undefined)
      yield* Scope.close(scope, Exit.void)
      promptly((yield* Clock.currentTimeMillis) - before, 2000)
      const pids = (yield* readLog(log)).flatMap(({ browser, pid }) => [browser ?? [], pid ?? []].flat())
      assert.strictEqual(pids.length, 3)
      assert.deepStrictEqual(pids.filter(isRunning), [])
    })
  )
})

describe.runIf(marked)("processes left by a Parley that was killed", () => {
  it.live("are ended at the next start, by SIGTERM or by SIGKILL", () =>
    Effect.gen(function* () {
      const PARLEY_SERVER = markOfTheDead()
      const left = [
        yield* started({ PARLEY_SERVER }),
        yield* started({ PARLEY_SERVER }, "trap '' TERM; sleep 300 & wait; sleep 300")
      ]
      yield* during({}, Effect.void)
      assert.deepStrictEqual(left.filter(isRunning), [])
    })
  )

  it.live("include those that its real servers started", () =>
    Effect.gen(function* () {
      const log = join(yield* directory, "log")
      const child = spawn(process.execPath, [leavingAbruptly, log, "--browser", "--stay"], { stdio: "ignore" })
      const browser = yield* logged(log, "browser")
      yield* during({}, Effect.void)
      // That Parley is alive.
      assert.isTrue(isRunning(browser))
      child.kill("SIGKILL")
      yield* gone(child.pid)
      yield* during({}, Effect.void)
      yield* gone(browser)
      yield* kill(yield* logged(log, "pid"))
    })
  )

  const cases: ReadonlyArray<readonly [string, () => string]> = [
    ["a Parley that is alive", () => newMark()],
    ["a Parley elsewhere", () => markOfTheDead().replace(/-[0-9a-f]{16}-/, "-0123456789abcdef-")],
    ["something else that has a variable of that name", () => "yes"],
    ["a mark that was cut", () => markOfTheDead().slice(0, -1)]
  ]
  for (const [whose, mark] of cases)
    it.live(`do not include a process with the mark of ${whose}`, () =>
      Effect.gen(function* () {
        const left = yield* started({ PARLEY_SERVER: mark() })
        yield* during({}, Effect.sleep(100))
        assert.isTrue(isRunning(left))
      })
    )

  it.live.runIf(process.getuid?.() === 0)("does not include what belongs to another user", () =>
    Effect.gen(function* () {
      const left = yield* Effect.acquireRelease(
        Effect.sync(
          () =>
            spawn("sleep", ["300"], {
              detached: true,
              stdio: "ignore",
              env: { ...inherited, PARLEY_SERVER: markOfTheDead() },
              uid: 65534
            }).pid
        ),
        kill
      )
      yield* during({}, Effect.sleep(100))
      assert.isTrue(isRunning(left))
    })
  )

  it.live("do not include the ancestors of a living Parley", () =>
    Effect.gen(function* () {
      // A shell that a server has started and in which a user runs Parley. It is not marked itself, so that other tests that
      // start servers concurrently do not treat it as a leftover.
      const shell = yield* started({}, "sleep 300; true")
      const startOf = (pid: number | undefined) => infoOf(pid ?? 0)?.started ?? ""
      const inner = yield* eventually(
        Effect.sync(() => allPids().find((pid) => infoOf(pid)?.parent === shell)),
        (pid) => pid !== undefined
      )
      const dead = markOfTheDead()
      const living = newMark().replace(/^\d+-\d+-/, `${inner}-${startOf(inner)}-`)
      assert.strictEqual(makerOf(living).fate, "alive")
      const marked = (pid: number | undefined, mark: string) => ({ pid: pid ?? 0, started: startOf(pid), mark })
      const other = marked(2_000_000, dead)
      const own = marked(2_000_001, newMark())
      const servers = marked(2_000_002, living)
      const here = marked(process.ppid, dead)
      const all = [marked(shell, dead), marked(inner, dead), other, own, servers, here]
      assert.deepStrictEqual(abandoned(all), [other])
    })
  )

  it("are recognized by a mark whose Parley has certainly ended", () => {
    assert.strictEqual(makerOf(newMark()).fate, "alive")
    assert.strictEqual(makerOf(markOfTheDead()).fate, "gone")
    assert.strictEqual(makerOf(newMark().replace(/^\d+-/, "4194999-")).fate, "gone")
    assert.strictEqual(makerOf("").fate, "unknown")
    assert.notStrictEqual(newMark(), newMark())
  })
})
