import { readFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { textOf } from "@parley/domain/Content"
import { McpManager } from "@parley/domain/McpManager"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import { SessionManager } from "@parley/domain/SessionManager"
import type { CallProgress } from "@parley/mcp/CallProgress"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import { ScriptedModel } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Schedule, Schema, type Scope } from "effect"
import { effectServer } from "./support/effectServer.ts"
import { requests, tools } from "./support/everything.ts"
import { directory, engine, everything, fixture, offers, results, round, serving } from "./support/rounds.ts"
import { inTime } from "@parley/harness/promptly"

const encode = Schema.encodeSync(Schema.fromJsonString(Schema.Unknown))
const stdio = (...args: ReadonlyArray<string>): McpServerConfig => ({
  command: process.execPath,
  args: [everything, ...args]
})
type Reached = Effect.Effect<McpServerConfig, never, Scope.Scope>
const transports: { readonly [name: string]: Reached } = {
  stdio: Effect.succeed(stdio()),
  "streamable HTTP": Effect.map(serving(everything, "streamableHttp"), (port) => ({
    url: `http://127.0.0.1:${port}/mcp`
  })),
  "HTTP with server-sent events": Effect.map(serving(everything, "sse"), (port) => ({
    url: `http://127.0.0.1:${port}/sse`,
    transport: "sse"
  }))
}
const settings = { sampling: "allow", roots: ["."], logLevel: "debug" } as const

describe.each(Object.entries(transports))("server-everything over %s", (_, reach) => {
  it.live("has all its tools called in a round, sends requests, reports progress and logs", () =>
    Effect.gen(function* () {
      const home = yield* directory
      const config = { ...(yield* reach), ...settings }
      const progress: Array<CallProgress> = []
      const calls = tools.map(([tool, input]) => [tool, input] as const)
      const logs = { directory: home, redact: () => (text: string) => text }
      yield* Effect.gen(function* () {
        yield* offers("trigger-sampling-request")
        yield* offers("get-roots-list")
        const found = results(yield* round("Do everything"))
        for (const [tool, , expected] of tools) assert.match(found[tool] ?? "not called", expected, tool)
        const { leftOut } = (yield* McpManager.use((mcp) => mcp.servers)).find(({ name }) => name === "real") ?? {}
        assert.deepStrictEqual(
          leftOut?.map(({ tool }) => tool),
          ["simulate-research-query"]
        )
        assert.isAbove(progress.length, 0)
        yield* Effect.sync(() => readFileSync(join(home, "real.log"), "utf8")).pipe(
          Effect.repeat({
            while: (log) => !/\b(debug|info|notice|warning|error|critical|alert|emergency)\b/i.test(log),
            schedule: Schedule.spaced("100 millis")
          }),
          inTime(15_000)
        )
      }).pipe(
        Effect.provide(
          engine(config, calls, { home, requests, logs, workspaceRoot: home, onProgress: (one) => progress.push(one) })
        )
      )
    })
  )

  it.live("has its resources mentioned, its prompts requested, and argument values completed", () =>
    Effect.gen(function* () {
      const home = yield* directory
      yield* Effect.gen(function* () {
        const mcp = yield* McpManager
        yield* mcp.tools
        const uris = (yield* mcp.resources).map(({ uri }) => uri)
        assert.include(uris, "demo://resource/static/document/features.md")
        const templates = (yield* mcp.resourceTemplates).map(({ uriTemplate }) => uriTemplate)
        assert.include(templates, "demo://resource/dynamic/text/{resourceId}")
        yield* round(
          "What do @real:demo://resource/static/document/features.md and @real:demo://resource/dynamic/text/3 say?"
        )
        const sent = encode((yield* ScriptedModel.Requests.all).at(-1)?.messages)
        assert.include(sent, "Everything Server - Features")
        assert.match(sent, /Resource 3: This is a plaintext resource/)
        const written = yield* mcp.getPrompt("real", "args-prompt", { city: "Bern" })
        assert.match(textOf(written[0]?.content ?? []), /weather in Bern/)
        const embedded = yield* mcp.getPrompt("real", "resource-prompt", { resourceType: "Text", resourceId: "2" })
        assert.match(encode(embedded), /Resource 2/)
        const of = { prompt: "completable-prompt" }
        const departments = yield* mcp.complete({ server: "real", of, argument: "department", value: "E" })
        assert.deepStrictEqual(departments, ["Engineering"])
        const known = { department: "Engineering" }
        const names = yield* mcp.complete({ server: "real", of, argument: "name", value: "", known })
        assert.isAbove(names.length, 0)
      }).pipe(Effect.provide(engine(yield* reach, [], { home })))
    })
  )

  it.live("is notified when a round is cancelled, and accepts the next call", () =>
    Effect.gen(function* () {
      const home = yield* directory
      const calls = [["trigger-long-running-operation", { duration: 60, steps: 60 }]] as const
      yield* Effect.gen(function* () {
        const parley = yield* SessionCoordinator
        const { id } = yield* SessionManager.use((sessions) => sessions.create({}))
        const running = yield* Effect.forkChild(Effect.exit(parley.handleMessage({ sessionId: id, request: "Wait" })), {
          startImmediately: true
        })
        yield* Effect.sleep("1500 millis")
        yield* parley.cancel(id)
        yield* Fiber.join(running).pipe(inTime(3000))
        const mcp = yield* McpManager
        const { content } = yield* mcp.call("real__echo", { message: "still here" }, { idempotencyKey: "a/b/c/d" })
        assert.strictEqual(textOf(content), "Echo: still here")
      }).pipe(Effect.provide(engine(yield* reach, calls, { home })))
    })
  )
})

describe("servers on each version of the SDK", () => {
  it.live.each([
    ["v1-server.mjs", "add", { a: 2, b: 3 }, /^Succeeded: 5/],
    ["v2-server.mjs", "multiply", { a: 2, b: 3 }, /^Succeeded: 6/]
  ] as const)("%s is called in a round", ([script, tool, input, expected]) =>
    Effect.gen(function* () {
      const home = yield* directory
      const config = { command: process.execPath, args: [fixture(script)] }
      const done = yield* Effect.provide(round("Count"), engine(config, [[tool, input]], { home }))
      assert.match(results(done)[tool] ?? "", expected)
    })
  )
})

describe("Effect's own server", () => {
  it.live.each([
    ["auto", "2026-07-28"],
    ["legacy", "2025-11-25"]
  ] as const)(
    "asked with protocol %s has its tool called, its resource mentioned and its prompt written in %s",
    ([protocol, revision]) =>
      Effect.gen(function* () {
        const home = yield* directory
        const { revisions, url } = yield* effectServer
        yield* Effect.gen(function* () {
          const done = yield* round("How large is it? @real:notes://one")
          assert.match(results(done)["area"] ?? "", /^Succeeded: .*42/)
          assert.include(encode((yield* ScriptedModel.Requests.all)[0]?.messages), "the first note")
          const mcp = yield* McpManager
          const [message] = yield* mcp.getPrompt("real", "greet", { who: "Ada" })
          assert.strictEqual(textOf(message?.content ?? []), "Greet Ada")
          assert.deepStrictEqual([...revisions], [revision])
        }).pipe(Effect.provide(engine({ url, protocol }, [["area", { width: 6, height: 7 }]], { home })))
      })
  )
})
