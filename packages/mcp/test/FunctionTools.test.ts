import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Fiber, Layer, Redacted, References, Schema } from "effect"
import { TestClock } from "effect/testing"
import { McpManager, type ToolInput } from "@parley/domain/McpManager"
import { CurrentCall, layer, tool } from "../src/inprocess/FunctionTools.ts"
import { merge } from "../src/inprocess/Merged.ts"
import { byteLength } from "../src/text/Cut.ts"
import { resultLimits } from "../src/results/ToolResults.ts"
import { context, rawServer, manager as servers, textOf } from "./support.ts"

class Rate extends Context.Service<Rate, { readonly percent: number }>()("@parley/mcp/test/FunctionTools.test/Rate") {}
class Declined extends Schema.TaggedError<Declined>()("Declined", { card: Schema.String }) {
  override get message(): string {
    return "declined\u0000 half \ud83d"
  }
}
class Wordless extends Schema.TaggedError<Wordless>()("Wordless", {
  page: Schema.Int,
  secret: Schema.Redacted(Schema.String)
}) {}

const taxed = tool({
  name: "taxed",
  description: "Adds the tax",
  input: Schema.Struct({ amount: Schema.Finite.check(Schema.isGreaterThan(0)), on: Schema.optionalKey(Schema.Date) }),
  strict: true,
  run: ({ amount, on }) =>
    Effect.gen(function* () {
      const { percent } = yield* Rate
      const { idempotencyKey } = yield* CurrentCall
      return `${amount * (1 + percent / 100)} ${on?.toISOString() ?? "-"} ${idempotencyKey}`
    })
})
const anything = Schema.Struct({})
const fails = <E>(name: string, effect: () => Effect.Effect<string, E>) =>
  tool({ name, description: "", input: anything, run: effect })

const failing = [
  fails("declines", () => Effect.fail(new Declined({ card: "4111" }))),
  fails("wordless", () => Effect.fail(new Wordless({ page: 7, secret: Redacted.make("canary") }))),
  fails("objects", () => Effect.fail({ message: "no", code: 3, stack: "at x", cause: "why" })),
  fails("dies", () => Effect.die(new Error("no\u001b[2J such \ntable"))),
  fails("throws", () => {
    throw new Error("thrown")
  }),
  fails("leaves", () => Effect.interrupt),
  fails("says too much", () => Effect.succeed("x".repeat(1_000_000)))
]

const call = (name: string, input: ToolInput = {}) =>
  Effect.flatMap(McpManager, (manager) => manager.call(name, input, context))
const rate = Layer.succeed(Rate, { percent: 10 })

describe("functions as tools", () => {
  it.effect("are listed with the schema of their input, and called with the decoded input", () =>
    Effect.gen(function* () {
      const manager = yield* McpManager
      const tools = yield* manager.tools
      assert.deepStrictEqual(
        tools.map(({ name }) => name),
        ["shop__empty", "shop__named", "shop__taxed"]
      )
      assert.deepStrictEqual(
        tools.map(({ strict }) => strict),
        [undefined, undefined, true]
      )
      const [empty, named, shown] = tools
      assert.deepStrictEqual<unknown>(empty?.inputSchema["type"], "object")
      assert.deepStrictEqual<unknown>(named?.inputSchema["type"], "object")
      assert.deepStrictEqual<unknown>(named?.inputSchema["required"], ["id"])
      assert.strictEqual(shown?.description, "Adds the tax")
      assert.deepStrictEqual<unknown>(shown?.inputSchema["required"], ["amount"])
      const output = yield* call("shop__taxed", { amount: 100, on: "2026-01-02T00:00:00.000Z" })
      assert.strictEqual(textOf(output.content), "110.00000000000001 2026-01-02T00:00:00.000Z session/1/2/3")
      assert.deepStrictEqual(yield* manager.servers, [{ name: "shop", state: "ready", tools: 3 }])
    }).pipe(
      Effect.provide(
        layer("shop", [
          taxed,
          tool({ name: "empty", description: "", input: anything, run: () => Effect.succeed("") }),
          tool({
            name: "named",
            description: "",
            input: Schema.Struct({ id: Schema.String }).annotate({ identifier: "Named" }),
            run: ({ id }) => Effect.succeed(id)
          })
        ]).pipe(Layer.provide(rate))
      )
    )
  )

  it.effect("are not called with input that does not match the schema", () =>
    Effect.gen(function* () {
      for (const input of [{}, { amount: -1 }, { amount: "1" }, { amount: 1, on: "never" }]) {
        const error = yield* Effect.flip(call("shop__taxed", input))
        assert.strictEqual(error.reason, "NotSent")
        assert.match(error.problem, /^Invalid input for shop__taxed: .*(amount|on)/s)
      }
      assert.strictEqual((yield* Effect.flip(call("shop__nothing"))).problem, "There is no tool shop__nothing")
    }).pipe(Effect.provide(layer("shop", [taxed]).pipe(Layer.provide(rate))))
  )

  it.effect("that fail, die or are interrupted return error results without internal details", () =>
    Effect.gen(function* () {
      const said = (name: string) =>
        Effect.map(call(`f__${name}`), ({ content, isError }) => {
          assert.isTrue(isError, name)
          return textOf(content)
        })
      assert.strictEqual(yield* said("declines"), `declined half \ufffd {"card":"4111"}`)
      assert.strictEqual(yield* said("wordless"), `Wordless {"page":7,"secret":"<redacted>"}`)
      assert.strictEqual(yield* said("objects"), `no {"code":3}`)
      assert.strictEqual(yield* said("dies"), "The tool failed unexpectedly: no [2J such table")
      assert.strictEqual(yield* said("throws"), "The tool failed unexpectedly: thrown")
      assert.strictEqual(yield* said("leaves"), "The tool was interrupted before it had finished.")
      const long = (yield* McpManager.use(({ tools }) => tools)).find(({ tool }) => tool === "says too much")
      const output = yield* call(long?.name ?? "")
      assert.isAtMost(byteLength(textOf(output.content)), resultLimits.textBytes + 200)
    }).pipe(Effect.provide(layer("f", failing)))
  )

  it.effect("are interrupted with their call and on a timeout", () =>
    Effect.gen(function* () {
      const started = yield* Deferred.make<void>()
      const interrupted: Array<string> = []
      const slow = tool({
        name: "slow",
        description: "",
        input: anything,
        run: () =>
          Deferred.succeed(started, undefined).pipe(
            Effect.andThen(Effect.never),
            Effect.onInterrupt(() => Effect.sync(() => interrupted.push("slow")))
          )
      })
      yield* Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(call("s__slow"))
        yield* Deferred.await(started)
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(interrupted, ["slow"])
        const late = yield* Effect.forkChild(Effect.flip(call("s__slow")))
        yield* TestClock.adjust("5 seconds")
        const error = yield* Fiber.join(late)
        assert.deepStrictEqual([error.reason, error.problem], ["Lost", "no answer within 5 s"])
        assert.deepStrictEqual(interrupted, ["slow", "slow"])
      }).pipe(Effect.provide(layer("s", [slow], { timeout: "5 seconds" })))
    })
  )

  it.effect("must follow the rules for names and schemas, and the status lists those that were left out", () =>
    Effect.gen(function* () {
      const one = (server: string, ...names: ReadonlyArray<string>) =>
        McpManager.use(({ servers }) => servers).pipe(
          Effect.provide(
            layer(
              server,
              names.map((name) => fails(name, () => Effect.succeed("")))
            ),
            { local: true }
          ),
          Effect.map(([status]) => status)
        )
      assert.deepStrictEqual(yield* one("s", "a", "b", "a", "А"), {
        name: "s",
        state: "ready",
        tools: 2,
        problem:
          "2 tools left out: a (another tool of this server has the same name), " +
          "А (its name looks like that of another tool, a)",
        leftOut: [
          { tool: "a", why: "another tool of this server has the same name" },
          { tool: "А", why: "its name looks like that of another tool, a" }
        ]
      })
      assert.deepInclude(yield* one("workspace", "a"), { state: "failed", tools: 0 })
      assert.deepInclude(yield* one("no name", "a"), { state: "failed", tools: 0 })
      const text = tool({ name: "text", description: "", input: Schema.String, run: () => Effect.succeed("") })
      const [status] = yield* McpManager.use(({ servers }) => servers).pipe(Effect.provide(layer("s", [text])))
      assert.deepStrictEqual(status?.leftOut, [{ tool: "text", why: "its input schema is not of type object" }])
    })
  )
})

describe("several merged managers", () => {
  const says = (name: string, word: string) => fails(name, () => Effect.succeed(word))

  it.effect("offer all their tools, and each call goes to the manager of its tool", () =>
    Effect.gen(function* () {
      const manager = yield* McpManager
      assert.deepStrictEqual(
        (yield* manager.tools).map(({ name }) => name),
        ["a__one", "b__two", "memory"]
      )
      assert.strictEqual(textOf((yield* call("a__one")).content), "1")
      assert.strictEqual(textOf((yield* call("b__two")).content), "2")
      assert.strictEqual(textOf((yield* call("memory")).content), "m")
      assert.deepStrictEqual(
        (yield* manager.servers).map(({ name }) => name),
        ["b", "memory", "a"]
      )
      assert.strictEqual((yield* Effect.flip(call("a__two"))).reason, "NotSent")
    }).pipe(
      Effect.provide(
        merge(
          layer("b", [says("two", "2")]),
          McpManager.layerMemory({ memory: () => "m" }),
          layer("a", [says("one", "1")])
        )
      )
    )
  )

  it.effect("refuse a second server with the same name, whatever it offers", () =>
    Effect.gen(function* () {
      const manager = yield* McpManager
      assert.deepStrictEqual(
        (yield* manager.tools).map(({ name }) => name),
        ["a__one"]
      )
      assert.strictEqual(textOf((yield* call("a__one")).content), "first")
      assert.strictEqual((yield* Effect.flip(call("a__other"))).problem, "There is no tool a__other")
      assert.deepStrictEqual(
        (yield* manager.servers).map(({ problem, state }) => [state, problem]),
        [
          ["ready", undefined],
          ["failed", "another server already has the name a; give this server a different name"]
        ]
      )
    }).pipe(
      Effect.provide(merge(layer("a", [says("one", "first")]), layer("a", [says("one", "second"), says("other", "x")])))
    )
  )

  it.effect("run in the caller's context, with the services of the layer", () => {
    const where = tool({
      name: "where",
      description: "",
      input: anything,
      run: () =>
        Effect.gen(function* () {
          const { percent } = yield* Rate
          const annotations = yield* References.CurrentLogAnnotations
          const parent = yield* Effect.currentParentSpan
          return `${percent} ${String(annotations["tenant"])} ${parent._tag === "Span" ? parent.name : ""}`
        })
    })
    return Effect.gen(function* () {
      const output = yield* call("f__where").pipe(Effect.annotateLogs("tenant", "a"))
      assert.strictEqual(textOf(output.content), "10 a McpManager.call")
    }).pipe(Effect.provide(layer("f", [where]).pipe(Layer.provide(rate), Layer.withSpan("start-up"))))
  })

  it.live("can combine servers that are programs with functions", () =>
    Effect.gen(function* () {
      const raw = yield* call("raw__echo", { text: "hi" })
      assert.include(textOf(raw.content), '"text":"hi"')
      assert.strictEqual(textOf((yield* call("f__one")).content), "1")
      // A tool whose server is not running is still passed to that server's manager, which reports the reason.
      const gone = yield* Effect.flip(call("raw__crash"))
      assert.strictEqual(gone.reason, "Lost")
      const later = yield* Effect.flip(call("raw__echo", { text: "hi" }))
      assert.notInclude(later.problem, "There is no tool")
    }).pipe(
      Effect.provide(
        merge(servers({ servers: { raw: rawServer() }, restarts: { maxDeaths: 1 } }), layer("f", [says("one", "1")]))
      )
    )
  )
})
