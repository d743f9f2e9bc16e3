import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { context, eventually, everything, freePort, httpServer, textOf, v2Server, withManager } from "./support.ts"
import { inTime } from "@parley/harness/promptly"

const startSse = (port: number) => httpServer(everything("sse"), /running|listening|port/i, { PORT: String(port) })

describe("a server that supports only HTTP+SSE of 2024", () => {
  it.live("is detected, called, lost with the running call, and reconnected: server-everything", () =>
    Effect.gen(function* () {
      const port = yield* freePort
      const url = `http://127.0.0.1:${port}/sse`
      const server = yield* startSse(port)
      const servers = { told: { url, transport: "sse" as const }, found: { url } }
      yield* withManager({ servers, restarts: { firstDelayMillis: 300 } }, (manager) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(
            (yield* manager.servers).map(({ state }) => state),
            ["ready", "ready"]
          )
          for (const name of ["told", "found"]) {
            const { content } = yield* manager.call(`${name}__echo`, { message: "over events" }, context)
            assert.strictEqual(textOf(content), "Echo: over events")
          }
          const calls = yield* Effect.forkChild(
            Effect.forEach(
              ["told", "found"],
              (name) =>
                Effect.flip(
                  manager.call(`${name}__trigger-long-running-operation`, { duration: 60, steps: 2 }, context)
                ),
              { concurrency: "unbounded" }
            ),
            { startImmediately: true }
          )
          yield* Effect.sleep("300 millis")
          yield* server.kill
          const lost = yield* Fiber.join(calls).pipe(inTime(5000))
          assert.deepStrictEqual(
            lost.map(({ reason }) => reason),
            ["Lost", "Lost"]
          )
          yield* startSse(port)
          yield* eventually(manager.servers, (all) => all.every(({ state }) => state === "ready"))
          const again = yield* manager.call("found__echo", { message: "again" }, context)
          assert.strictEqual(textOf(again.content), "Echo: again")
        })
      )
    })
  )

  it.live("is not tried if the configuration names a transport, and the first refusal is reported", () =>
    Effect.gen(function* () {
      const port = yield* freePort
      yield* startSse(port)
      const { line } = yield* httpServer(v2Server("--http"), /listening/)
      const modern = `http://127.0.0.1:${line.replace(/\D/g, "")}`
      const servers = {
        misnamed: { url: `http://127.0.0.1:${port}/sse`, transport: "http" as const },
        nowhere: { url: `http://127.0.0.1:${port}/nothing` },
        other: { url: `${modern}/mcp`, transport: "sse" as const, headers: { "x-token": "secret" } }
      }
      yield* withManager({ servers, restarts: { firstDelayMillis: 60_000 } }, (manager) =>
        Effect.gen(function* () {
          const statuses = yield* manager.servers
          assert.deepStrictEqual(
            statuses.map(({ state }) => state),
            ["restarting", "restarting", "restarting"]
          )
          assert.match(statuses[0]?.problem ?? "", /HTTP 404/)
          assert.match(statuses[1]?.problem ?? "", /HTTP 404/)
        })
      )
    })
  )
})

describe("the revision of the protocol", () => {
  it.live("is the older one unless the configuration allows negotiation", () =>
    Effect.gen(function* () {
      const { line } = yield* httpServer(v2Server("--http"), /listening/)
      const server = { url: `http://127.0.0.1:${line.replace(/\D/g, "")}/mcp`, headers: { "x-token": "secret" } }
      const servers = { asked: server, greeted: { ...server, protocol: "legacy" as const } }
      yield* withManager({ servers }, (manager) =>
        Effect.gen(function* () {
          const said = yield* Effect.forEach(["asked", "greeted"], (name) =>
            Effect.map(manager.call(`${name}__protocol`, {}, context), ({ content }) => textOf(content))
          )
          assert.deepStrictEqual(said, ['"2026-07-28"', '"2025"'])
        })
      )
    })
  )

  it.live("is negotiated with a program if configured, with a fallback to initialize", () =>
    Effect.gen(function* () {
      const servers = {
        modern: { ...v2Server("--both"), protocol: "auto" as const },
        untold: v2Server("--both"),
        legacy: { ...everything(), protocol: "auto" as const }
      }
      yield* withManager({ servers }, (manager) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(
            (yield* manager.servers).map(({ state }) => state),
            ["ready", "ready", "ready"]
          )
          const said = yield* Effect.forEach(["modern", "untold"], (name) =>
            Effect.map(manager.call(`${name}__protocol`, {}, context), ({ content }) => textOf(content))
          )
          assert.deepStrictEqual(said, ['"2026-07-28"', '"2025"'])
          const { content } = yield* manager.call("legacy__echo", { message: "hello" }, context)
          assert.strictEqual(textOf(content), "Echo: hello")
        })
      )
    })
  )
})
