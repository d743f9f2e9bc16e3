import { assert, it } from "@effect/vitest"
import { defaults } from "@parley/session/Limits"
import { Effect } from "effect"
import { silence } from "@parley/app/Engine"
import { place } from "./support/Cli.ts"
import { ending, keyed, provider, streaming } from "./support/Provider.ts"
import { recorder } from "./support/Recorder.ts"

it.live("a limit on the command line overrides the configured one, and the message says what to do", () =>
  Effect.gen(function* () {
    const here = yield* place
    here.configure({ limits: { turns: 7 } })
    const ended = yield* here.run(["run", "List the files here", "--max-turns", "1"])
    assert.strictEqual(ended.code, 1, ended.stderr)
    assert.include(ended.stderr, "parley: The round reached its limit of 1 model responses; send another message")
    const wrong = yield* here.run(["run", "hello", "--max-cost", "0"])
    assert.strictEqual(wrong.code, 2)
    assert.include(wrong.stderr, "expected an amount above 0, found 0")
  })
)

it.live(
  "a limit in dollars and a model without a price: nothing is sent, no session is made, and the exit code is 3",
  () =>
    Effect.gen(function* () {
      const here = yield* place
      const fake = yield* recorder((yield* provider(200, `${streaming}${ending}`)).url)
      const env = keyed(fake.url)
      const limited = ["run", "hello", "--model", "anthropic/claude-x", "--max-cost", "0.01"]
      const refused = yield* here.run(limited, { env })
      assert.deepStrictEqual([refused.code, fake.bodies.length], [3, 0], refused.stderr)
      assert.include(refused.stderr, 'Set prices["anthropic/claude-x"] in the configuration')
      assert.include((yield* here.run(["sessions", "list"])).stderr, "No sessions")
      here.configure({ limits: { sessionCost: 1 } })
      const chat = yield* here.run(["chat", "--model", "anthropic/claude-x"], { env, input: "hello\n" })
      assert.deepStrictEqual([chat.code, fake.bodies.length], [3, 0], chat.stderr)
      here.configure({ prices: { "anthropic/claude-x": { input: 3, output: 15 } } })
      const little = yield* here.run(limited, { env })
      assert.deepStrictEqual([little.code, fake.bodies.length], [1, 0], little.stderr)
      assert.match(
        little.stderr,
        /\$0\.01 are left of the round's limit of \$0\.01, but the next request could cost up to \$0\.\d\d,/
      )
      const allowed = yield* here.run([...limited.slice(0, -1), "1"], { env })
      assert.deepStrictEqual([allowed.code, fake.bodies.length], [0, 1], allowed.stderr)
    })
)

it.live("a budget holds for all processes, and refuses before anything is sent", () =>
  Effect.gen(function* () {
    const here = yield* place
    const fake = yield* recorder((yield* provider(200, `${streaming}${ending}`)).url)
    const env = keyed(fake.url)
    const price = { "anthropic/claude-x": { input: 0, output: 1000 } }
    here.configure({ prices: price, models: { "anthropic/claude-x": { maxOutputTokens: 100 } }, budget: { day: 0.15 } })
    const hello = ["run", "hello", "--model", "anthropic/claude-x"]
    const first = yield* here.run(hello, { env, alone: true })
    assert.deepStrictEqual([first.code, fake.bodies.length], [0, 1], first.stderr)
    here.configure({ prices: price, models: { "anthropic/claude-x": { maxOutputTokens: 200 } }, budget: { day: 0.15 } })
    const second = yield* here.run(hello, { env, alone: true })
    assert.deepStrictEqual([second.code, fake.bodies.length], [1, 1], second.stderr)
    assert.match(
      second.stderr,
      /left of the budget for one day of \$0\.15, but the next request could cost up to \$0\.20/
    )
    here.configure({ budget: { day: 0.15 } })
    const unpriced = yield* here.run(["models", "test", "anthropic/claude-x"], { env })
    assert.deepStrictEqual([unpriced.code, fake.bodies.length], [3, 1], unpriced.stderr)
  })
)

it("no limit shorter than the round's ends the wait for a slow model", () => {
  const all = [{}, { firstTokenSeconds: 3600 }, { idleSeconds: 3600 }, { firstTokenSeconds: 1, idleSeconds: 1 }]
  for (const limits of all) {
    const wanted = [
      limits.firstTokenSeconds === undefined ? defaults.firstChunkMillis : 1000 * limits.firstTokenSeconds,
      limits.idleSeconds === undefined ? defaults.idleMillis : 1000 * limits.idleSeconds
    ]
    for (const most of Object.values(silence(limits))) assert.isAbove(most, Math.max(...wanted))
  }
})

it.live("the time that a model may be silent is a setting, which the message names", () =>
  Effect.gen(function* () {
    const here = yield* place
    const env = keyed((yield* provider(200, "", true)).url)
    here.configure({ limits: { firstTokenSeconds: 1, idleSeconds: 1, retries: 0 } })
    const ended = yield* here.run(["run", "hello", "--model", "anthropic/claude-x"], { env })
    assert.strictEqual(ended.code, 4, ended.stderr)
    assert.include(ended.stderr, "no answer within 1 s (limits.firstTokenSeconds)")
    const begun = keyed((yield* provider(200, streaming, true)).url)
    const silent = yield* here.run(["run", "hello", "--model", "anthropic/claude-x"], { env: begun })
    assert.include(silent.stderr, "silent for 1 s in the middle of the answer (limits.idleSeconds)")
  })
)
