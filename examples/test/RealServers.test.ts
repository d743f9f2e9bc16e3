import { readFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { textOf } from "@parley/domain/Content"
import { McpManager } from "@parley/domain/McpManager"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import { SessionManager } from "@parley/domain/SessionManager"
import type { ServerRequests } from "@parley/domain/ServerRequests"
import type { CallProgress } from "@parley/mcp/Progress"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import { ScriptedModel } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Schedule, type Scope } from "effect"
import { directory, engine, everything, fixture, offers, results, round, serving } from "./support/rounds.ts"

const zero = { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0 }
/** Whoever is asked says yes, and the model is quick. */
const requests: ServerRequests = {
  elicit: (request) =>
    Effect.succeed({ _tag: "Accept", content: request._tag === "Form" ? { name: "Ada", check: true } : {} }),
  sample: ({ messages }) =>
    Effect.succeed({
      _tag: "Answered",
      text: `heard ${messages.length}`,
      model: "test/test",
      stop: "endTurn",
      usage: zero
    })
}

/** Every tool of server-everything, and what a model has to read after it. Tasks are none: the server may only be asked for one. */
const tools: ReadonlyArray<readonly [string, { readonly [key: string]: unknown }, RegExp]> = [
  ["echo", { message: "hi" }, /^Succeeded: Echo: hi$/],
  ["get-annotated-message", { messageType: "error", includeImage: true }, /Operation failed <image\/png>$/],
  ["get-env", {}, /"PATH"/],
  [
    "get-resource-links",
    { count: 2 },
    /\[link .*<demo:\/\/resource\/dynamic\/blob\/1>.*<demo:\/\/resource\/dynamic\/text/s
  ],
  [
    "get-resource-reference",
    { resourceType: "Text", resourceId: 7 },
    /\[resource <demo:\/\/resource\/dynamic\/text\/7>/
  ],
  ["get-roots-list", {}, /^Succeeded: .*file:\/\/\//s],
  [
    "get-structured-content",
    { location: "New York" },
    /^Succeeded: \{"temperature":33,"conditions":"Cloudy","humidity":82\}$/
  ],
  ["get-sum", { a: 2, b: 40 }, /42/],
  ["get-tiny-image", {}, /<image\/png>$/],
  [
    "gzip-file-as-resource",
    { name: "a.gz", data: "data:text/plain,hello", outputType: "resource" },
    /application\/gzip, \d+ bytes/
  ],
  ["toggle-simulated-logging", {}, /^Succeeded: Started simulated/],
  ["toggle-subscriber-updates", {}, /^Succeeded: Started simulated/],
  ["trigger-long-running-operation", { duration: 1, steps: 4 }, /^Succeeded: Long running operation completed/],
  ["trigger-elicitation-request", {}, /- Name: Ada/],
  ["trigger-url-elicitation", { url: "https://example.org/" }, /completed the URL/],
  ["trigger-sampling-request", { prompt: "hi" }, /heard 1/]
]

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
  it.live("has all its tools called in a round, is asked and asks, reports progress and logs", () =>
    Effect.gen(function* () {
      const home = yield* directory
      const config = { ...(yield* reach), ...settings }
      const progress: Array<CallProgress> = []
      const calls = tools.map(([tool, input]) => [tool, input] as const)
      const logs = { directory: home, conceal: () => (text: string) => text }
      yield* Effect.gen(function* () {
        yield* offers("trigger-sampling-request")
        yield* offers("get-roots-list")
        const found = results(yield* round("Do everything"))
        for (const [tool, , expected] of tools) assert.match(found[tool] ?? "not called", expected, tool)
        const { leftOut } = (yield* McpManager.use((mcp) => mcp.servers))[0] ?? {}
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
          Effect.timeout("15 seconds")
        )
      }).pipe(
        Effect.provide(
          engine(config, calls, { home, requests, logs, workspaceRoot: home, onProgress: (one) => progress.push(one) })
        )
      )
    })
  )

  it.live("has its resources mentioned, its prompts written, and values completed", () =>
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
        const sent = JSON.stringify((yield* ScriptedModel.Requests.all).at(-1)?.messages)
        assert.include(sent, "Everything Server - Features")
        assert.match(sent, /Resource 3: This is a plaintext resource/)
        const written = yield* mcp.getPrompt("real", "args-prompt", { city: "Bern" })
        assert.match(textOf(written[0]?.content ?? []), /weather in Bern/)
        const embedded = yield* mcp.getPrompt("real", "resource-prompt", { resourceType: "Text", resourceId: "2" })
        assert.match(JSON.stringify(embedded), /Resource 2/)
        const of = { prompt: "completable-prompt" }
        const departments = yield* mcp.complete({ server: "real", of, argument: "department", value: "E" })
        assert.deepStrictEqual(departments, ["Engineering"])
        const known = { department: "Engineering" }
        const names = yield* mcp.complete({ server: "real", of, argument: "name", value: "", known })
        assert.isAbove(names.length, 0)
      }).pipe(Effect.provide(engine(yield* reach, [], { home })))
    })
  )

  it.live("is told when a round is cancelled, and takes the next call", () =>
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
        yield* Effect.timeout(Fiber.join(running), "3 seconds")
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
