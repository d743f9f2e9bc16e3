import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Ref } from "effect"
import { TestClock } from "effect/testing"
import type { Connection } from "../src/transport/Connection.ts"
import { makeChanges } from "../src/transport/Changes.ts"
import { noCatalog } from "../src/transport/CatalogRequests.ts"
import { relist } from "../src/server/Relisting.ts"
import { make } from "../src/server/ToolServer.ts"
import {
  context,
  directory,
  eventually,
  httpServer,
  rawServer,
  readLog,
  v1Server,
  v2Server,
  withManager
} from "./support.ts"

const changing = Effect.map(directory, (path) => {
  const log = join(path, "log")
  return {
    servers: { raw: rawServer("--changing", `--log=${log}`) },
    /** How often the first page of the list was requested. */
    listings: Effect.map(readLog(log), (entries) => entries.filter((entry) => entry["listed"] === "").length)
  }
})

describe.concurrent("a server that reports a change of its tools", () => {
  it.live("is listed again, once for many notifications, and lists that were read before do not change", () =>
    Effect.gen(function* () {
      const { listings, servers } = yield* changing
      yield* withManager({ servers }, (manager) =>
        Effect.gen(function* () {
          const before = yield* manager.tools
          const names = before.map(({ tool }) => tool)
          assert.strictEqual(names.length, 10)
          yield* manager.call("raw__change", { add: ["fresh"], without: "refuse", times: 50 }, context)
          const after = yield* eventually(manager.tools, (tools) => tools.some(({ tool }) => tool === "fresh"))
          assert.deepStrictEqual(
            after.map(({ tool }) => tool),
            [
              "change",
              "circular",
              "crash",
              "echo",
              "fresh",
              "hang",
              "local_reference",
              "slow_pattern",
              "strange",
              "with space"
            ]
          )
          assert.strictEqual(yield* listings, 2)
          assert.deepStrictEqual(
            before.map(({ tool }) => tool),
            names
          )
          assert.isFalse((yield* manager.call("raw__fresh", {}, context)).isError)
          const gone = yield* Effect.flip(manager.call("raw__refuse", {}, context))
          assert.deepStrictEqual([gone.reason, gone.problem], ["NotSent", "There is no tool raw__refuse"])
        })
      )
    })
  )

  it.live("and cannot be listed keeps the known tools, and its status states the problem", () =>
    Effect.gen(function* () {
      const { servers } = yield* changing
      yield* withManager({ servers }, (manager) =>
        Effect.gen(function* () {
          yield* manager.call("raw__change", { add: ["fresh"], fails: true }, context)
          const [status] = yield* eventually(manager.servers, ([status]) => status?.problem !== undefined)
          assert.deepStrictEqual(status, {
            name: "raw",
            state: "ready",
            tools: 10,
            problem: "its tools have changed and it cannot list its tools: Error -32603: no list today"
          })
          assert.strictEqual((yield* manager.tools).length, 10)
          yield* manager.call("raw__change", { add: ["fresh"] }, context)
          yield* eventually(manager.tools, (tools) => tools.length === 11)
          assert.deepStrictEqual(yield* manager.servers, [{ name: "raw", state: "ready", tools: 11 }])
        })
      )
    })
  )

  it.live("without declaring listChanged is ignored", () =>
    Effect.gen(function* () {
      const log = join(yield* directory, "log")
      yield* withManager({ servers: { raw: rawServer("--changing", "--unannounced", `--log=${log}`) } }, (manager) =>
        Effect.gen(function* () {
          yield* manager.call("raw__change", { add: ["fresh"] }, context)
          yield* Effect.sleep("400 millis")
          assert.strictEqual((yield* manager.tools).length, 10)
        })
      )
    })
  )

  it.live("is listed again with either version of the SDK, and over HTTP in the revision of 2026", () =>
    Effect.gen(function* () {
      const { line } = yield* httpServer(v2Server("--http", "--more"), /listening/)
      const url = `http://127.0.0.1:${line.replace(/\D/g, "")}/mcp`
      const servers = {
        v1: v1Server("--more"),
        v2: v2Server("--more"),
        web: { url, headers: { "x-token": "secret" } }
      }
      yield* withManager({ servers }, (manager) =>
        Effect.gen(function* () {
          const names = Object.keys(servers)
          for (const name of names) assert.isFalse((yield* manager.call(`${name}__grow`, {}, context)).isError)
          const grown = yield* eventually(
            Effect.map(manager.tools, (tools) => tools.filter(({ tool }) => tool === "grown")),
            (grown) => grown.length === names.length
          )
          assert.deepStrictEqual(
            grown.map(({ server }) => server),
            names
          )
        })
      )
    })
  )
})

it.effect("only one listing runs at a time, and a change during it causes another one", () =>
  Effect.gen(function* () {
    const { changes, notify } = yield* makeChanges
    const server = yield* make("s", Duration.minutes(2))
    const running = yield* Ref.make(0)
    const began: Array<number> = []
    const list = Effect.gen(function* () {
      assert.strictEqual(yield* Ref.getAndUpdate(running, (n) => n + 1), 0)
      began.push(yield* Clock.currentTimeMillis)
      yield* Effect.sleep("1 second")
      yield* Ref.set(running, 0)
      return { tools: [], note: undefined }
    })
    const connection: Connection = {
      hasTools: true,
      instructions: undefined,
      listTools: () => Effect.never,
      callTool: () => Effect.never,
      toolsChanged: changes,
      catalog: noCatalog,
      ping: Effect.never,
      closed: Effect.never
    }
    const fiber = yield* Effect.forkChild(relist(server, connection, list, Duration.seconds(10)), {
      startImmediately: true
    })
    notify()
    yield* TestClock.adjust("150 millis")
    notify()
    yield* TestClock.adjust("500 millis")
    for (let i = 0; i < 10; i++) notify()
    yield* TestClock.adjust("1 minute")
    assert.deepStrictEqual(began, [200, 1400])
    yield* Fiber.interrupt(fiber)
  })
)
