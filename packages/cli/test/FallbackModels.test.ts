import { textOf } from "@parley/domain/Content"
import { Round } from "@parley/domain/Session"
import { LogEntry } from "@parley/domain/SessionEvent"
import { assert, describe, it } from "@effect/vitest"
import { serve } from "@parley/harness/SseServer"
import { answer, apiError } from "@parley/harness/wire"
import { Effect, Schema } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { place } from "./support/Cli.ts"

const json = { "content-type": "application/json" }
const overloaded = { status: 529, headers: json, body: [apiError("overloaded_error")] }
const noCredit = { status: 402, headers: json, body: [apiError("billing_error", "no credit")] }
const yes = { body: [answer("Yes.")] }
const chain = ["--model", "first/claude-a,second/claude-b"]

/** Two servers with one configured provider each; the first fails in this way. */
const servers = Effect.fnUntraced(function* (failing: object, more: object = {}) {
  const [first, second] = [yield* serve(failing), yield* serve(yes)]
  const here = yield* place
  const of = (url: string) => ({ type: "anthropic", apiKey: "test-key", baseUrl: url })
  here.configure({ providers: { first: of(first.url), second: of(second.url) }, ...more })
  return { first, here, second }
})

const roundOf = Schema.decodeEffect(Schema.fromJsonString(Round))
const entryOf = Schema.decodeEffect(Schema.fromJsonString(LogEntry))

describe("a chain of models", () => {
  it.live("asks the second one when the first is overloaded, and says so", () =>
    Effect.gen(function* () {
      const { first, here, second } = yield* servers(overloaded)
      const ended = yield* here.run(["run", "hello", ...chain])
      assert.strictEqual(ended.stdout, "Yes.\n", ended.stderr)
      assert.lengthOf(first.received, 3)
      assert.lengthOf(second.received, 1)
      assert.match(ended.stderr, /^↻ retrying in [12] s: The provider is overloaded/m)
      assert.match(ended.stderr, /^↻ first\/claude-a is overloaded or failing; trying second\/claude-b$/m)
      const id = /^session (\S+)$/m.exec(ended.stderr)?.[1] ?? assert.fail(ended.stderr)
      const shown = yield* here.run(["sessions", "show", id])
      assert.match(shown.stdout, /\[r1t3 {2}first\/claude-a {2}failed: The provider is overloaded/)
      assert.match(shown.stdout, /\[r1t4 {2}second\/claude-b instead of first\/claude-a {2}stopped: end/)
    })
  )

  it.live("is used in every output format, and for the rest of a conversation only where it is needed", () =>
    Effect.gen(function* () {
      const { first, here, second } = yield* servers(noCredit)
      const asJson = yield* here.run(["run", "hello", ...chain, "-f", "json"])
      const round = yield* roundOf(asJson.stdout)
      assert.deepStrictEqual(
        round.turns.map(({ fallbackFor, model, status }) => [model.provider, status, fallbackFor?.provider]),
        [
          ["first", "failed", undefined],
          ["second", "completed", "first"]
        ]
      )
      assert.strictEqual(textOf(round.turns[1]?.content ?? []), "Yes.")
      const streamed = yield* here.run(["run", "-c", "again", ...chain, "-f", "stream-json"])
      const entries = yield* Effect.forEach(streamed.stdout.trim().split("\n"), (line) => entryOf(line))
      const retries = entries.flatMap(({ event }) => (event._tag === "RetryScheduled" ? [event] : []))
      assert.deepStrictEqual(
        retries.map(({ delayMillis, failure, model }) => [failure.reason, delayMillis, model]),
        [["QuotaExhausted", 0, { provider: "second", model: "claude-b" }]]
      )
      const chat = yield* here.run(["chat", "-c", ...chain], { input: "last\n" })
      assert.match(chat.stderr, /^↻ first\/claude-a has no credit left.*; trying second\/claude-b$/m)
      assert.lengthOf(first.received, 3)
      assert.lengthOf(second.received, 3)
      for (const { body } of second.received) assert.include(body, '"model":"claude-b"')
    })
  )

  it.live("names the models that it skips, and the error names them if none is left", () =>
    Effect.gen(function* () {
      const small = { "second/claude-b": { contextWindow: 100, maxOutputTokens: 50 } }
      const { here, second } = yield* servers(noCredit, { models: small })
      const ended = yield* here.run(["run", "hello", ...chain])
      assert.strictEqual(ended.code, 4, ended.stderr)
      assert.match(ended.stderr, /no credit; second\/claude-b was skipped: its context window has room for 50 tokens/)
      // The provider may be asked to count the tokens of the request.
      assert.isFalse(second.received.some(({ url }) => url === "/v1/messages"))
    })
  )

  it.live("is not followed after a part of the response was shown, nor for a rejected key", () =>
    Effect.gen(function* () {
      const half = answer("Half").split("event: content_block_stop")[0] ?? ""
      const begun = yield* servers({ body: [half], last: "cut" }, { limits: { retries: 1 } })
      const broken = yield* begun.here.run(["run", "hello", ...chain])
      assert.strictEqual(broken.code, 4, broken.stderr)
      assert.lengthOf(begun.first.received, 2)
      const refused = yield* servers({ status: 401, headers: json, body: [apiError("authentication_error")] })
      const ended = yield* refused.here.run(["run", "hello", ...chain])
      assert.match(ended.stderr, /refused the key/)
      assert.lengthOf([...begun.second.received, ...refused.second.received], 0)
    })
  )

  it.live("is written as a list in the file, which a flag replaces as a whole", () =>
    Effect.gen(function* () {
      const { first, here, second } = yield* servers(noCredit, { model: ["first/claude-a", "second/claude-b"] })
      assert.strictEqual((yield* here.run(["run", "hello"])).stdout, "Yes.\n")
      const listed = yield* here.run(["models"])
      assert.match(listed.stdout, /^\* first\/claude-a {2}/m)
      assert.match(listed.stdout, /^2 second\/claude-b {2}/m)
      const alone = yield* here.run(["run", "hello", "--model", "first/claude-x"])
      assert.strictEqual(alone.code, 4)
      assert.lengthOf(first.received, 2)
      assert.lengthOf(second.received, 1)
      here.configure({ model: [] })
      const wrong = yield* here.run(["run", "hello"])
      assert.strictEqual(wrong.code, 3)
      assert.match(wrong.stderr, /model\[0\] is missing/)
    })
  )
})

describe("the names of a chain", () => {
  it.live("are checked before anything is sent or stored", () =>
    Effect.gen(function* () {
      const { first, here } = yield* servers(overloaded)
      const cases: ReadonlyArray<readonly [models: string, code: number, words: RegExp]> = [
        ["first/claude-a,claude", 2, /--model first\/claude-a,claude: claude: expected PROVIDER\/MODEL/],
        ["first/claude-a,", 2, /expected PROVIDER\/MODEL/],
        ["first/claude-a,first/claude-a", 2, /first\/claude-a is named twice; name each model once/],
        ["first/claude-a,third/x", 3, /there is no provider "third"/],
        ["first/claude-a,groq/x", 3, /groq\/x cannot be used: set GROQ_API_KEY/]
      ]
      for (const [models, code, words] of cases)
        for (const command of [["run", "hello"], ["context", "hello"], ["chat"]]) {
          const ended = yield* here.run([...command, "--model", models], { input: "hello\n" })
          assert.strictEqual(ended.code, code, `${command[0]} ${models}: ${ended.stderr}`)
          assert.match(ended.stderr, words)
        }
      assert.lengthOf(first.received, 0)
      assert.strictEqual((yield* here.run(["sessions", "list", "-f", "json"])).stdout.trim(), "[]")
    })
  )

  it.live("are written by `models use`, while other commands take one model", () =>
    Effect.gen(function* () {
      const { here } = yield* servers(noCredit)
      const used = yield* here.run(["models", "use", "first/claude-a,second/claude-b"])
      assert.match(
        used.stdout,
        /^first\/claude-a is now used unless another model is named, and if it is not available second\/claude-b \(in /
      )
      const file = readFileSync(join(here.home, ".config/parley/config.json"), "utf8")
      assert.match(file, /"model":\s*\[\s*"first\/claude-a",\s*"second\/claude-b"\s*\]/)
      assert.strictEqual((yield* here.run(["run", "hello"])).stdout, "Yes.\n")
      const refused = yield* here.run(["models", "use", "first/claude-a,groq/x"])
      assert.strictEqual(refused.code, 3)
      assert.strictEqual(readFileSync(join(here.home, ".config/parley/config.json"), "utf8"), file)
      const shown = yield* here.run(["models", "show", "first/claude-a,second/claude-b"])
      assert.strictEqual(shown.code, 2)
      assert.include(shown.stderr, "this command takes one model")
    })
  )
})

it.live("a compaction says that a fallback model wrote its summary", () =>
  Effect.gen(function* () {
    const { here } = yield* servers(noCredit)
    const words = "lorem ipsum ".repeat(400)
    const ended = yield* here.run(["run", words, "--model", "demo/demo"])
    const id = /^session (\S+)$/m.exec(ended.stderr)?.[1] ?? assert.fail(ended.stderr)
    for (let n = 0; n < 4; n++) yield* here.run(["run", "-c", words, "--model", "demo/demo"])
    const compacted = yield* here.run(["sessions", "compact", id, ...chain])
    assert.strictEqual(compacted.code, 0, compacted.stderr)
    assert.match(compacted.stderr, /↻ first\/claude-a has no credit left.*; trying second\/claude-b/)
  })
)

it.live("the effort is the nearest one that a fallback model takes, which is said before it is asked", () =>
  Effect.gen(function* () {
    const { here, second } = yield* servers(noCredit, {
      model: ["first/claude-opus-5-5", "second/claude-opus-4-6", "ollama/qwen3:8b"]
    })
    const ended = yield* here.run(["run", "hello", "--effort", "xhigh"])
    assert.strictEqual(ended.stdout, "Yes.\n", ended.stderr)
    assert.match(
      ended.stderr,
      /second\/claude-opus-4-6 does not take the effort xhigh; as a fallback model, it is asked for high$/m
    )
    assert.match(ended.stderr, /ollama\/qwen3:8b may not take the effort xhigh; as a fallback model, it decides/)
    assert.match(second.received[0]?.body ?? "", /"effort":"high"/)
  })
)

describe("a process that is killed", () => {
  it.live("between the failure and the fallback leaves a session that asks the first model again", () =>
    Effect.gen(function* () {
      const { first, here, second } = yield* servers(overloaded)
      const running = here.spawn(["run", "hello", ...chain])
      yield* Effect.callback<void>((resume) => {
        let output = ""
        running.child.stderr?.on("data", (data: string) => {
          output += data
          if (output.includes("retrying in")) resume(Effect.void)
        })
      })
      running.child.kill("SIGKILL")
      yield* running.ended
      const asked = first.received.length
      assert.lengthOf(second.received, 0)
      const ended = yield* here.run(["run", "-c", "again", ...chain, "-f", "json"])
      const round = yield* roundOf(ended.stdout)
      assert.strictEqual(round.status, "completed", ended.stderr)
      assert.strictEqual(first.received.length, asked + 3)
      assert.lengthOf(second.received, 1)
      assert.include(second.received[0]?.body, "hello")
    })
  )
})
