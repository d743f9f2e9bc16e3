import { join } from "node:path"
import process, { env } from "node:process"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Effect, Exit, Fiber, Layer, Scope } from "effect"
import { McpManager } from "@parley/domain/McpManager"
import {
  context,
  directory,
  eventually,
  everything,
  freePort,
  httpServer,
  isRunning,
  logged,
  manager as managerLayer,
  rawServer,
  readLog,
  textOf,
  v1Server,
  v2Server,
  withManager
} from "./support.ts"
import { inTime } from "@parley/harness/promptly"

const soon = { firstDelayMillis: 50 }
const lost = (manager: McpManager["Service"], name: string) =>
  manager.call(name, {}, context).pipe(Effect.flip, inTime(5000))
const says = (manager: McpManager["Service"], name: string, input = {}) =>
  Effect.map(manager.call(name, input, context), ({ content }) => textOf(content))

describe.concurrent("a server that is killed while a call runs", () => {
  it.live("from outside, twice: each call is lost once, and the next one works", () =>
    Effect.gen(function* () {
      const log = join(yield* directory, "log")
      const servers = { raw: rawServer(`--log=${log}`, "--grandchild") }
      yield* withManager({ servers, restarts: soon }, (manager) =>
        Effect.gen(function* () {
          for (const kill of [1, 2]) {
            const hanging = yield* Effect.forkChild(lost(manager, "raw__hang"), { startImmediately: true })
            const entries = yield* eventually(
              readLog(log),
              (entries) => entries.filter((entry) => entry["called"] === "hang").length === kill
            )
            process.kill(Number(entries.findLast((entry) => "pid" in entry)?.["pid"]), "SIGKILL")
            const error = yield* Fiber.join(hanging)
            assert.deepStrictEqual(
              [error.reason, error.problem],
              ["Lost", "the connection closed before the answer came"]
            )
            assert.include(yield* says(manager, "raw__echo", { text: "again" }), "again")
            assert.deepInclude((yield* manager.servers)[0], { state: "ready", tools: 9, restarts: kill })
          }
          const entries = yield* readLog(log)
          // The lost calls were not sent again.
          assert.strictEqual(entries.filter((entry) => entry["called"] === "hang").length, 2)
          assert.isTrue((yield* manager.tools).some(({ name }) => name === "raw__echo"))
          const pids = entries
            .flatMap((entry) => [entry["pid"], entry["grandchild"]])
            .filter((pid) => pid !== undefined)
          assert.strictEqual(pids.length, 6)
          // The running server, and the process that it has started.
          assert.strictEqual(pids.filter(isRunning).length, 2)
        })
      )
    })
  )

  it.live("by itself, with either version of the SDK", () =>
    withManager({ servers: { v1: v1Server("--more"), v2: v2Server("--more") }, restarts: soon }, (manager) =>
      Effect.gen(function* () {
        for (const restarts of [1, 2]) {
          const errors = yield* Effect.forEach(["v1__die", "v2__die"], (name) => lost(manager, name))
          assert.deepStrictEqual(
            errors.map(({ reason }) => reason),
            ["Lost", "Lost"]
          )
          assert.strictEqual(yield* says(manager, "v1__add", { a: 2, b: 3 }), "5")
          assert.strictEqual(yield* says(manager, "v2__multiply", { a: 2, b: 3 }), "6")
          for (const status of yield* manager.servers)
            assert.deepInclude(status, { state: "ready", restarts, lastProblem: "it was ended by SIGKILL" })
        }
      })
    )
  )

  it.live("and comes back at its address is reconnected, in both revisions of the protocol", () =>
    Effect.gen(function* () {
      const [modernPort, legacyPort] = [yield* freePort, yield* freePort]
      const startModern = httpServer(v2Server("--http", "--more"), /listening/, { PORT: String(modernPort) })
      const startLegacy = httpServer(everything("streamableHttp"), /listening|port/i, { PORT: String(legacyPort) })
      yield* startModern
      const legacy = yield* startLegacy
      const servers = {
        modern: { url: `http://127.0.0.1:${modernPort}/mcp`, headers: { "x-token": "secret" } },
        legacy: { url: `http://127.0.0.1:${legacyPort}/mcp` }
      }
      yield* withManager({ servers, restarts: { firstDelayMillis: 400 } }, (manager) =>
        Effect.gen(function* () {
          yield* manager.tools
          assert.strictEqual((yield* lost(manager, "modern__die")).reason, "Lost")
          yield* startModern
          // The server's session is lost, which becomes visible only with the next request.
          yield* legacy.kill
          yield* startLegacy
          assert.strictEqual(yield* says(manager, "modern__multiply", { a: 6, b: 7 }), "42")
          assert.strictEqual(yield* says(manager, "legacy__echo", { message: "again" }), "Echo: again")
        })
      )
    })
  )
})

describe("a server that does not become ready", () => {
  it.live("at first is retried in the background, and `tools` waits only for the first attempt", () =>
    Effect.gen(function* () {
      const log = join(yield* directory, "log")
      const servers = { raw: rawServer(`--log=${log}`, "--fails=2") }
      yield* withManager({ servers, restarts: { firstDelayMillis: 300 } }, (manager) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* manager.tools, [])
          assert.deepStrictEqual(yield* manager.servers, [
            {
              name: "raw",
              state: "restarting",
              tools: 0,
              problem: "it exited with code 5",
              lastProblem: "it exited with code 5"
            }
          ])
          yield* eventually(manager.tools, (tools) => tools.length === 9)
          assert.deepInclude((yield* manager.servers)[0], { state: "ready", restarts: 2 })
        })
      )
    })
  )

  it.live("among twenty affects only its own tools, and delays listings no longer than its timeout", () =>
    Effect.gen(function* () {
      const limit = 8000
      const advice = "if it needs longer, set its startTimeoutMillis to more, such as 60000"
      const broken = {
        absent: { command: "parley-no-such-command" },
        exits: rawServer("--exit"),
        silent: { ...rawServer("--silent"), startTimeoutMillis: limit },
        garbage: { ...rawServer("--garbage"), startTimeoutMillis: limit },
        dies: rawServer("--dies-after-initialize")
      }
      const good = Object.fromEntries(Array.from({ length: 15 }, (_, i) => [`good${i}`, rawServer()]))
      const began = yield* Clock.currentTimeMillis
      yield* withManager({ servers: { ...good, ...broken }, restarts: { firstDelayMillis: 60_000 } }, (manager) =>
        Effect.gen(function* () {
          const tools = yield* manager.tools
          const took = (yield* Clock.currentTimeMillis) - began
          assert.strictEqual(tools.length, 15 * 9)
          // Concurrently, so that two timeouts and fifteen starts on a busy machine do not add up.
          assert.isBelow(took, 2 * limit - 200, `tools answered after ${took} ms`)
          const said = (yield* manager.servers).filter(({ state }) => state !== "ready")
          assert.deepStrictEqual(
            said.map(({ name, problem, state }) => [name, state, problem]),
            [
              ["absent", "restarting", "the command parley-no-such-command was not found"],
              ["exits", "restarting", "it exited with code 3 (stderr: cannot open the database | second line)"],
              ["silent", "restarting", `it did not answer within 8 s; ${advice}`],
              ["garbage", "restarting", `it did not answer within 8 s; ${advice} (stdout: this line is noise | what?)`],
              ["dies", "restarting", "it exited with code 4"]
            ]
          )
        })
      )
    })
  )
})

it.live("a call that waits for its server ends immediately when the servers are stopped", () =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const layer = managerLayer({ servers: { raw: rawServer() }, restarts: { firstDelayMillis: 60_000 } })
    const manager = Context.get(yield* Layer.buildWithScope(layer, scope), McpManager)
    assert.strictEqual((yield* lost(manager, "raw__crash")).reason, "Lost")
    yield* eventually(manager.servers, ([status]) => status?.state === "restarting")
    const waiting = yield* Effect.forkChild(lost(manager, "raw__hang"), { startImmediately: true })
    yield* Scope.close(scope, Exit.void)
    const { problem, reason } = yield* Fiber.join(waiting)
    assert.deepStrictEqual([reason, problem], ["NotSent", "The server raw is not running: it has been stopped"])
    assert.deepInclude((yield* manager.servers)[0], {
      state: "stopped",
      tools: 0,
      lastProblem: "it was ended by SIGKILL"
    })
  })
)

const starts = Number(env["PARLEY_MCP_STARTS"] ?? 20)

it.live("no process is left after many starts and stops, whatever the servers were doing", () =>
  Effect.gen(function* () {
    const logs = yield* directory
    const kinds = [["--grandchild"], ["--deaf", "--grandchild"], ["--silent", "--grandchild"], ["--grandchild"]]
    const seen: Array<unknown> = []
    for (let batch = 0; seen.length < 2 * starts; batch++) {
      const servers = Object.fromEntries(
        Array.from({ length: 20 }, (_, i) => {
          const log = join(logs, `${batch}-${i}`)
          return [`s${i}`, rawServer(...(kinds[i % kinds.length] ?? []), `--log=${log}`)]
        })
      )
      const entriesOf = Effect.map(
        Effect.forEach(Object.keys(servers), (name) => readLog(join(logs, `${batch}-${name.slice(1)}`))),
        (entries) => entries.flat()
      )
      yield* withManager({ servers, restarts: { firstDelayMillis: 1 } }, () =>
        Effect.gen(function* () {
          yield* eventually(
            entriesOf,
            (entries) => entries.filter((entry) => "grandchild" in entry).length >= Object.keys(servers).length
          )
          // Every fourth server is killed, so that some are restarting when all are ended.
          for (let i = 3; i < 20; i += 4)
            process.kill(Number(yield* logged(join(logs, `${batch}-${i}`), "pid")), "SIGKILL")
        })
      )
      const entries = yield* entriesOf
      const pids = entries.flatMap((entry) => [entry["pid"], entry["grandchild"]]).filter((pid) => pid !== undefined)
      assert.deepStrictEqual(pids.filter(isRunning), [])
      seen.push(...pids)
    }
    assert.isAtLeast(seen.length, 2 * starts)
  })
)
