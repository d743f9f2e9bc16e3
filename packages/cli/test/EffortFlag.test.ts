import { assert, describe, it } from "@effect/vitest"
import { serve } from "@parley/harness/SseServer"
import { answer } from "@parley/harness/wire"
import { Effect } from "effect"
import { place } from "./support/Cli.ts"

const keyed = (url: string) => ({ ANTHROPIC_API_KEY: "test-key", ANTHROPIC_BASE_URL: url, OPENAI_API_KEY: "other-key" })
const yes = { body: [answer("Yes.")] }
const effort = (body: string | undefined) => /"output_config":\{"effort":"(\w+)"\}/.exec(body ?? "")?.[1]

describe("--effort", () => {
  it.live("is sent with a message, takes precedence over the file, and is kept with the turn", () =>
    Effect.gen(function* () {
      const server = yield* serve(yes, yes, yes)
      const here = yield* place
      here.configure({
        model: "anthropic/claude-opus-5-5",
        models: { "anthropic/claude-opus-5-5": { effort: "low" } }
      })
      const env = keyed(server.url)
      const flagged = yield* here.run(["run", "--effort", "max", "hi"], { env })
      assert.strictEqual(flagged.stdout, "Yes.\n", flagged.stderr)
      yield* here.run(["run", "-c", "and again"], { env })
      const chat = yield* here.run(["chat", "-c", "--effort", "high"], { env, input: "last\n" })
      assert.strictEqual(chat.code, 0, chat.stderr)
      assert.deepStrictEqual(
        server.received.map(({ body }) => effort(body)),
        ["max", "low", "high"]
      )
      const sent = yield* here.run(["context", "-c", "--turn", "r1t1", "--bytes", "-f", "json"], { env })
      assert.include(sent.stdout, '\\"effort\\":\\"max\\"')
    })
  )

  it.live("that the model does not take is refused before anything is sent or stored", () =>
    Effect.gen(function* () {
      const here = yield* place
      const env = keyed("http://127.0.0.1:1")
      const command = ["run", "--model", "openai/gpt-6.2-sol", "--effort", "none", "hi"]
      const ended = yield* here.run(command, { env })
      assert.strictEqual(ended.code, 3)
      assert.include(
        ended.stderr,
        "openai/gpt-6.2-sol does not take the effort none; it takes low, medium, high, xhigh, max"
      )
      assert.strictEqual((yield* here.run(["sessions", "list", "-f", "json"])).stdout.trim(), "[]")
    })
  )

  it.live("that does not exist is a usage error, and an error of the file names its place", () =>
    Effect.gen(function* () {
      const here = yield* place
      const flag = yield* here.run(["run", "--effort", "huge", "hi"])
      assert.strictEqual(flag.code, 2)
      assert.include(flag.stderr, "minimal")
      here.configure({ models: { "demo/demo": { effort: "huge" } } })
      const file = yield* here.run(["run", "hi"])
      assert.strictEqual(file.code, 3)
      assert.match(file.stderr, /models\["?demo\/demo"?\]\.effort[^\n]*"minimal"/)
    })
  )
})
