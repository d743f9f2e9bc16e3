import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { place } from "./support/Cli.ts"

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
