import { createServer } from "node:http"
import { join } from "node:path"
import { env, pid } from "node:process"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Schema } from "effect"
import type { McpManager } from "@parley/domain/McpManager"
import { context, directory, eventually, logged, rawServer, readLog, textOf, withManager } from "./support.ts"
import { inTime } from "@parley/harness/promptly"

const Echo = Schema.fromJsonString(
  Schema.Struct({ input: Schema.Unknown, _meta: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)) })
)
const decodeEcho = Schema.decodeEffect(Echo)

const decodeEnvironment = Schema.decodeUnknownSync(Schema.Record(Schema.String, Schema.String))

/** One well-behaved and logging fixture, called `raw`. */
const withRaw = <E>(
  use: (manager: McpManager["Service"], log: string) => Effect.Effect<void, E>,
  options: {
    readonly timeoutMillis?: number
    readonly flags?: ReadonlyArray<string>
    readonly restarts?: { readonly maxDeaths: number }
  } = {}
) =>
  Effect.gen(function* () {
    const log = join(yield* directory, "log")
    const config = rawServer(`--log=${log}`, ...(options.flags ?? []))
    const timeout = options.timeoutMillis === undefined ? {} : { timeoutMillis: options.timeoutMillis }
    yield* withManager({ servers: { raw: { ...config, ...timeout } }, restarts: options.restarts }, (manager) =>
      use(manager, log)
    )
  })

describe.concurrent("calls", () => {
  it.live("reach the server with their input and their idempotency key", () =>
    withRaw((manager, log) =>
      Effect.gen(function* () {
        const output = yield* manager.call("raw__echo", { text: "hi", deep: { n: 1.5 } }, context)
        assert.isFalse(output.isError)
        const said = yield* decodeEcho(textOf(output.content))
        // The server uses the token to identify the call when it reports progress.
        const { progressToken, ...meta } = said._meta ?? {}
        assert.isNumber(progressToken)
        assert.deepStrictEqual(
          { ...said, _meta: meta },
          {
            input: { text: "hi", deep: { n: 1.5 } },
            _meta: { "parley/idempotencyKey": "session/1/2/3" }
          }
        )
        const calls = (yield* readLog(log)).filter((entry) => "called" in entry)
        assert.strictEqual(calls.length, 1)
      })
    )
  )

  it.live("find all pages, cut descriptions, and give every tool a legal name", () =>
    withRaw((manager) =>
      Effect.gen(function* () {
        const tools = yield* manager.tools
        assert.deepStrictEqual(
          tools.map(({ tool }) => tool),
          ["circular", "crash", "echo", "hang", "local_reference", "refuse", "slow_pattern", "strange", "with space"]
        )
        const echo = tools.find(({ tool }) => tool === "echo")
        assert.match(echo?.description ?? "", /^Says it again \ufffd x+ \[… \d+ more bytes\]$/)
        const spaced = tools.find(({ tool }) => tool === "with space")
        assert.match(spaced?.name ?? "", /^raw__with_space_[0-9a-f]{12}$/)
        const output = yield* manager.call(spaced?.name ?? "", {}, context)
        assert.isFalse(output.isError)
      })
    )
  )

  it.live("are validated before they are sent", () =>
    withRaw((manager, log) =>
      Effect.gen(function* () {
        const missing = yield* Effect.flip(manager.call("raw__echo", {}, context))
        assert.strictEqual(missing.reason, "NotSent")
        assert.match(missing.problem, /^Invalid input for raw__echo: at \/: .*text/)
        const wrong = yield* Effect.flip(manager.call("raw__echo", { text: "a", deep: { n: "1" } }, context))
        assert.match(wrong.problem, /^Invalid input for raw__echo: at \/deep\/n: .*number/)
        const unknown = yield* Effect.flip(manager.call("raw__nothing", {}, context))
        assert.strictEqual(unknown.reason, "NotSent")
        assert.strictEqual(unknown.problem, "There is no tool raw__nothing")
        assert.deepStrictEqual(
          (yield* readLog(log)).filter((entry) => "called" in entry),
          []
        )
      })
    )
  )

  it.live("may have null for optional values, which reaches the server unchanged", () =>
    withRaw((manager, log) =>
      Effect.gen(function* () {
        const output = yield* manager.call("raw__echo", { text: "a", deep: null }, context)
        assert.isFalse(output.isError)
        yield* manager.call("raw__echo", { text: "a", deep: { n: null } }, context)
        const required = yield* Effect.flip(manager.call("raw__echo", { text: null }, context))
        assert.match(required.problem, /^Invalid input for raw__echo: /)
        const called = (yield* readLog(log)).filter((entry) => "called" in entry)
        assert.deepStrictEqual(
          called.map(({ input }) => input),
          [
            { text: "a", deep: null },
            { text: "a", deep: { n: null } }
          ]
        )
      })
    )
  )

  it.live("are validated by the server alone if its schema cannot be used, quickly and without fetching anything", () =>
    Effect.gen(function* () {
      const asked: Array<string> = []
      const trap = yield* Effect.acquireRelease(
        Effect.callback<ReturnType<typeof createServer>>((resume) => {
          const server = createServer((request, response) => {
            asked.push(String(request.url))
            response.end("{}")
          }).listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => server.close())
      )
      const address = trap.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      yield* withRaw(
        (manager) =>
          Effect.gen(function* () {
            // This pattern takes longer than the age of the universe on this text.
            const evil = { text: `${"a".repeat(60)}!` }
            for (const tool of ["raw__slow_pattern", "raw__local_reference", "raw__circular"]) {
              const output = yield* manager.call(tool, evil, context).pipe(inTime(3000))
              assert.isFalse(output.isError, tool)
            }
            const deep = { child: { child: { child: 1 } } }
            const wrong = yield* Effect.flip(manager.call("raw__circular", deep, context))
            assert.match(wrong.problem, /^Invalid input for raw__circular: at \/child\/child\/child: /)
            for (const tool of ["raw__remote_reference", "raw__self_reference"]) {
              const error = yield* Effect.flip(manager.call(tool, evil, context))
              assert.strictEqual(error.problem, `There is no tool ${tool}`)
            }
            assert.deepStrictEqual((yield* manager.servers)[0]?.leftOut, [
              {
                tool: "remote_reference",
                why: `its input schema refers to something elsewhere (http://127.0.0.1:${port}/schema)`
              },
              { tool: "self_reference", why: "its input schema has a reference that goes in a circle" }
            ])
          }),
        { flags: [`--port=${port}`, "--odd-references"] }
      )
      assert.deepStrictEqual(asked, [])
    })
  )

  it.live("pass the server's errors and unknown content to the model", () =>
    withRaw((manager) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* manager.call("raw__refuse", {}, context), {
          isError: true,
          content: [{ _tag: "Text", text: "Error -32050: not on a Sunday" }]
        })
        assert.deepStrictEqual(yield* manager.call("raw__strange", {}, context), {
          isError: false,
          content: [
            { _tag: "Text", text: "[content of an unknown kind: hologram]" },
            { _tag: "Text", text: "half \ufffd and  nul" }
          ]
        })
      })
    )
  )

  it.live("are lost when no response arrives in time, and are cancelled on the server", () =>
    withRaw(
      (manager, log) =>
        Effect.gen(function* () {
          yield* manager.tools
          const error = yield* Effect.flip(manager.call("raw__hang", {}, context))
          assert.strictEqual(error.reason, "Lost")
          assert.strictEqual(error.problem, "no answer within 0.3 s")
          assert.isDefined(yield* logged(log, "cancelled"))
          const { isError } = yield* manager.call("raw__echo", { text: "still here" }, context)
          assert.isFalse(isError)
        }),
      { timeoutMillis: 300 }
    )
  )

  it.live("are cancelled on the server when they are interrupted", () =>
    withRaw((manager, log) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(manager.call("raw__hang", {}, context), { startImmediately: true })
        yield* logged(log, "called")
        yield* Fiber.interrupt(fiber)
        assert.isDefined(yield* logged(log, "cancelled"))
        const { isError } = yield* manager.call("raw__echo", { text: "still here" }, context)
        assert.isFalse(isError)
      })
    )
  )

  it.live("are lost when the server is killed and not restarted, and later ones are not sent", () =>
    withRaw(
      (manager) =>
        Effect.gen(function* () {
          const [crash, hang] = yield* Effect.all(
            [Effect.flip(manager.call("raw__crash", {}, context)), Effect.flip(manager.call("raw__hang", {}, context))],
            { concurrency: "unbounded" }
          )
          assert.deepStrictEqual([crash.reason, hang.reason], ["Lost", "Lost"])
          assert.strictEqual(crash.problem, "the connection closed before the answer came")
          const after = yield* Effect.flip(manager.call("raw__echo", { text: "a" }, context))
          assert.strictEqual(after.reason, "NotSent")
          yield* eventually(manager.servers, ([status]) => status?.state === "failed")
          const later = yield* Effect.flip(manager.call("raw__echo", { text: "a" }, context))
          assert.strictEqual(later.problem, "The server raw is not running: it was ended by SIGKILL")
          assert.deepStrictEqual(yield* manager.servers, [
            {
              name: "raw",
              state: "failed",
              tools: 0,
              problem: "it was ended by SIGKILL",
              lastProblem: "it was ended by SIGKILL"
            }
          ])
          assert.deepStrictEqual(yield* manager.tools, [])
        }),
      { restarts: { maxDeaths: 1 } }
    )
  )

  it.live("of one server run concurrently", () =>
    withRaw((manager) =>
      Effect.gen(function* () {
        const hang = yield* Effect.forkChild(manager.call("raw__hang", {}, context), { startImmediately: true })
        const outputs = yield* Effect.forEach(
          Array.from({ length: 50 }, (_, i) => i),
          (i) => manager.call("raw__echo", { text: String(i) }, context),
          { concurrency: "unbounded" }
        )
        outputs.forEach((output, i) => assert.include(textOf(output.content), `"text":"${i}"`))
        yield* Fiber.interrupt(hang)
      })
    )
  )
})

describe("the environment of a child server", () => {
  it.live("contains the allow-listed variables and the declared ones, nothing else", () =>
    Effect.gen(function* () {
      const log = join(yield* directory, "log")
      const withoutMark = (path: string) =>
        Effect.map(logged(path, "environment"), (seen) => {
          const { PARLEY_SERVER, ...others } = decodeEnvironment(seen)
          assert.match(PARLEY_SERVER ?? "", new RegExp(`^${pid}-\\d+-[0-9a-f]{16}-[0-9a-f]{24}$`))
          return others
        })
      const servers = { raw: { ...rawServer(`--log=${log}`, "--environment"), env: { DECLARED: "yes", LANG: "eo" } } }
      const canary = "PARLEY_TEST_CANARY_KEY"
      yield* Effect.acquireRelease(
        Effect.sync(() => (env[canary] = "sk-canary")),
        () => Effect.sync(() => delete env[canary])
      )
      yield* withManager({ servers }, (manager) => manager.tools)
      const seen = yield* withoutMark(log)
      const allowed = /^(PATH|HOME|LANG|LC_.*|TERM|TMPDIR|USER|SHELL)$/
      const expected = Object.fromEntries(Object.entries(env).filter(([name]) => allowed.test(name)))
      assert.deepStrictEqual(seen, { ...expected, LANG: "eo", DECLARED: "yes" })

      yield* withManager(
        {
          servers: { raw: { ...rawServer(`--log=${log}2`, "--environment"), command: servers.raw.command } },
          environment: { PATH: "/bin", LC_ALL: "C", SHELL: "() { evil; }", ANTHROPIC_API_KEY: "sk-canary" }
        },
        (manager) => manager.tools
      )
      assert.deepStrictEqual(yield* withoutMark(`${log}2`), { PATH: "/bin", LC_ALL: "C" })
    })
  )
})
