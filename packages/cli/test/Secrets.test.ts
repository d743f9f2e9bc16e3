import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import process, { env as inherited } from "node:process"
import { inspect } from "node:util"
import { McpManager } from "@parley/domain/McpManager"
import * as Anthropic from "@parley/provider/Anthropic"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Logger, Redacted, References, Stream, Tracer } from "effect"
import * as McpServers from "@parley/mcp/McpServers"
import { type Ended, place, type Place } from "./support/Cli.ts"
import { echoing, ways } from "./support/echoing.ts"
import { everything } from "./support/Everything.ts"

/** Each stands in one place only, so that a leak names its source. */
const canary = {
  environmentKey: "sk-ant-canary-of-the-environment",
  configuredKey: "sk-ant-canary-of-the-configuration",
  header: "canary-of-a-header",
  parent: "canary-of-the-parent"
}
const isIn = (text: string): ReadonlyArray<string> =>
  Object.entries(canary).flatMap(([name, secret]) =>
    text.includes(secret) || text.includes(Buffer.from(secret).toString("base64")) ? [name] : []
  )

/** Every file below a home, except the one in which the user wrote the secrets down. */
const filesOf = (home: string): ReadonlyArray<string> =>
  readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => path !== join(home, ".config/parley/config.json"))

const leaksOf = (here: Place, shown: ReadonlyArray<Ended>): ReadonlyArray<string> => [
  ...shown.flatMap(({ stderr, stdout }, i) => isIn(stdout + stderr).map((name) => `${name} in the output of run ${i}`)),
  ...filesOf(here.home).flatMap((path) => isIn(readFileSync(path, "latin1")).map((name) => `${name} in ${path}`))
]

describe("invariant 49: secrets are only where the user put them", () => {
  const cases = [
    ["environmentKey", ways],
    ["configuredKey", ["unauthorized", "in the stream"]]
  ] as const
  for (const [source, ways] of cases)
    it.live(`the ${source}, with debug logs on, whatever servers and tools say`, () =>
      Effect.gen(function* () {
        const server = yield* echoing
        const here = yield* place
        here.configure({
          model: "anthropic/claude-sonnet-5-5",
          limits: { retries: 0 },
          providers: { anthropic: source === "configuredKey" ? { apiKey: canary.configuredKey } : {} },
          mcpServers: {
            everything: { command: process.execPath, args: [everything, "stdio"] },
            remote: { url: `${server.url}/mcp`, headers: { authorization: `Bearer ${canary.header}` } }
          }
        })
        const env = {
          ...(source === "environmentKey" ? { ANTHROPIC_API_KEY: canary.environmentKey } : {}),
          ANTHROPIC_BASE_URL: server.url,
          SECRET_OF_THE_PARENT: canary.parent,
          PARLEY_DEBUG: "1"
        }
        const parley = (...args: ReadonlyArray<string>) => here.run([...args, "--log-level", "all"], { env })

        // The tool tells all of its environment to the model, and so to the log.
        server.state.way = "calls"
        const told = yield* parley("run", "what is in your environment?", "--format", "stream-json")
        assert.strictEqual(told.code, 0, told.stderr)
        assert.include(told.stdout, `\\"HOME\\": \\"${here.home}\\"`)
        assert.include(server.state.received, canary[source], "the key was sent")
        assert.include(server.state.received, canary.header)

        const shown = [told]
        for (const way of ways) {
          server.state.way = way
          const failed = yield* parley("run", "--continue", `and ${way}?`)
          assert.isAtLeast(failed.code ?? 0, 1, `${way}: ${failed.stderr}`)
          assert.match(failed.stderr, /parley: /)
          shown.push(failed)
        }
        assert.match(shown[1]?.stderr ?? "", /invalid x-api-key: \[key\]/, "the server's words, without the key")
        const listed = yield* parley("sessions", "list")
        const id = listed.stdout.split(" ")[0] ?? ""
        shown.push(listed, yield* parley("sessions", "show", id, "--format", "json"))
        shown.push(yield* parley("context", "--continue", "next?", "--format", "json"))
        shown.push(yield* parley("tools"), yield* parley("models"))
        assert.isTrue(filesOf(here.home).some((path) => path.endsWith("parley.db")))
        assert.deepStrictEqual(leaksOf(here, shown), [])
      })
    )
})

const request: ModelRequest = {
  model: { provider: "anthropic", model: "fake" },
  system: "",
  tools: [],
  messages: [{ role: "user", content: [{ _tag: "Text", text: "hello" }] }]
}

it.live("invariant 49: no span and no log of a call contains a secret, at any log level", () =>
  Effect.gen(function* () {
    const server = yield* echoing
    const said: Array<string> = []
    const spans: Array<Tracer.NativeSpan> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    const logger = Logger.make(({ cause, logLevel, message }) => {
      said.push(`${logLevel} ${JSON.stringify(message)} ${Cause.pretty(cause)}`)
    })
    const provider = Anthropic.make({ apiKey: Redacted.make(canary.configuredKey), baseUrl: server.url })
    const calls = Effect.gen(function* () {
      for (const way of ways) {
        server.state.way = way
        const exit = yield* Effect.exit(provider.stream(request).pipe(Stream.runDrain, Effect.withSpan(`ask ${way}`)))
        assert.isTrue(Exit.isFailure(exit))
        if (Exit.isFailure(exit)) yield* Effect.logDebug("it failed", exit.cause)
        said.push(inspect(exit, { depth: 12 }))
      }
      yield* Effect.flatMap(McpManager, (mcp) => mcp.servers)
      const mcp = yield* McpManager
      yield* mcp.call("everything__get-env", {}, { idempotencyKey: "a/b/c/d" }).pipe(
        Effect.tap((output) => Effect.logDebug(output)),
        Effect.withSpan("call")
      )
    }).pipe(
      Effect.provide(
        McpServers.layer({
          servers: {
            everything: { command: process.execPath, args: [everything, "stdio"] },
            remote: { url: `${server.url}/mcp`, headers: { authorization: `Bearer ${canary.header}` } }
          },
          environment: { PATH: inherited["PATH"], SECRET: canary.parent },
          clientInfo: { name: "secrets", version: "1" }
        })
      )
    )
    yield* calls.pipe(
      Effect.provideService(Tracer.Tracer, tracer),
      Effect.provide(Logger.layer([logger])),
      Effect.provideService(References.MinimumLogLevel, "All")
    )
    const told = spans.map(({ attributes, events, name, status }) =>
      [
        name,
        JSON.stringify([...attributes]),
        JSON.stringify(events, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)),
        status._tag === "Ended" && Exit.isFailure(status.exit) ? Cause.pretty(status.exit.cause) : ""
      ].join(" ")
    )
    assert.isAtLeast(told.length, ways.length + 1)
    assert.isAtLeast(said.length, ways.length + 1)
    assert.isTrue(
      [...told, ...said].some((line) => line.includes("[key]")),
      "the key was there to be told"
    )
    assert.deepStrictEqual(
      [...told, ...said].flatMap((line) => isIn(line).map((name) => `${name}: ${line}`)),
      []
    )
  })
)
