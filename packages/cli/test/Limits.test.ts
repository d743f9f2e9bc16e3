import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { place } from "./support/Cli.ts"
import { ending, keyed, provider, streaming } from "./support/Provider.ts"
import { recorder } from "./support/Recorder.ts"

it.live(
  "a limit on the command line goes before the configured one, and says what to do",
  () =>
    Effect.gen(function* () {
      const here = yield* place
      here.configure({ limits: { turns: 7 } })
      const ended = yield* here.run(["run", "List the files here", "--max-turns", "1"])
      assert.strictEqual(ended.code, 1, ended.stderr)
      assert.include(ended.stderr, "parley: The round reached its limit of 1 model responses; send another message")
      const wrong = yield* here.run(["run", "hello", "--max-cost", "0"])
      assert.strictEqual(wrong.code, 2)
      assert.include(wrong.stderr, "expected an amount above 0, found 0")
    }),
  60_000
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
      const allowed = yield* here.run(limited, { env })
      assert.deepStrictEqual([allowed.code, fake.bodies.length], [0, 1], allowed.stderr)
    }),
  60_000
)
