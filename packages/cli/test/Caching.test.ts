import { ModelInfo } from "@parley/domain/ModelsManager"
import { Round } from "@parley/domain/Session"
import { SessionInfo } from "@parley/domain/SessionInfo"
import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { serve } from "@parley/harness/SseServer"
import { all, answer, start, stop, text } from "@parley/harness/wire"
import { place } from "./support/Cli.ts"
import { keyed } from "./support/Provider.ts"

const of = <S extends Schema.ConstraintDecoder<unknown>>(schema: S) =>
  Schema.decodeEffect(Schema.fromJsonString(schema))

it.live("settings of caching and of a model are sent, and the cached share is shown", () =>
  Effect.gen(function* () {
    const usage = { input_tokens: 9, output_tokens: 1, cache_read_input_tokens: 910, cache_creation_input_tokens: 81 }
    const server = yield* serve({ body: [all(start(usage), ...text(0, "Hello."), ...stop("end_turn"))] })
    const here = yield* place
    here.configure({
      model: "anthropic/claude-x",
      providers: { anthropic: { cacheLifetime: "1h", maxOutputTokens: 500 } },
      models: {
        "anthropic/claude-x": { contextWindow: 2000, maxOutputTokens: 77 },
        "demo/demo": { contextWindow: 50 }
      }
    })
    const env = keyed(server.url)
    const round = yield* of(Round)((yield* here.run(["run", "hi", "-f", "json"], { env })).stdout)
    assert.strictEqual(round.cacheHitRatio, 0.91)
    assert.include(server.received[0]?.body, '"max_tokens":77,')
    assert.include(server.received[0]?.body, '"cache_control":{"type":"ephemeral","ttl":"1h"}')

    const models = yield* of(Schema.Array(ModelInfo))((yield* here.run(["models", "-f", "json"], { env })).stdout)
    assert.deepStrictEqual(
      models.flatMap(({ contextWindow, ref }) => (contextWindow === 200_000 ? [] : [[ref.model, contextWindow]])),
      [
        ["demo", 50],
        ["claude-x", 2000]
      ]
    )

    const [info] = yield* of(Schema.Array(SessionInfo))((yield* here.run(["sessions", "list", "-f", "json"])).stdout)
    const shown = (yield* here.run(["sessions", "show", info?.id ?? ""])).stdout
    assert.match(shown, /1 turn, 1000 tokens in \(91% cached\), 4 out/, "the session")
    assert.match(shown, /\[r1t1 .* 1000 tokens in \(91% cached\), 4 out/, "the turn")

    here.configure({ model: "anthropic/claude-x", providers: { anthropic: { caching: false } } })
    yield* here.run(["run", "hi"], { env })
    assert.notInclude(server.received[1]?.body, "cache_control")
  })
)

it.live(
  "a request begins with the whole previous one, though time passes, files change and another process sends it",
  () =>
    Effect.gen(function* () {
      const server = yield* serve({ body: [answer("Yes.")] })
      const here = yield* place
      here.configure({ model: "anthropic/claude-x" })
      here.write(".parley/prompt.json", '{ "instructions": "Be brief.", "includeDateTime": true }')
      here.write(".parley/context.json", '{ "include": ["a.md"] }')
      for (const n of [1, 2, 3]) {
        here.write("a.md", `version ${n}`)
        const ended = yield* here.run(["run", ...(n === 1 ? [] : ["-c"]), `message ${n}`], { env: keyed(server.url) })
        assert.strictEqual(ended.code, 0, ended.stderr)
      }
      const bodies = server.received.map(({ body }) => body.replaceAll(',"cache_control":{"type":"ephemeral"}', ""))
      assert.strictEqual(bodies.length, 3)
      bodies.slice(1).forEach((body, i) => {
        assert.isTrue(body.startsWith(bodies[i]?.slice(0, -"]}".length) ?? ""))
        assert.include(body, `version ${i + 2}`)
        assert.strictEqual(body.split("Date and time: ").length, i + 3)
      })
    })
)
