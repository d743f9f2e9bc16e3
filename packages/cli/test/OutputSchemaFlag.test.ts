import { assert, describe, it } from "@effect/vitest"
import { serve } from "@parley/harness/SseServer"
import { all, answer, start, stop, toolUse } from "@parley/harness/wire"
import { Effect, Schema } from "effect"
import { place } from "./support/Cli.ts"

const schema = JSON.stringify({
  type: "object",
  properties: { name: { type: "string" }, age: { type: "integer", minimum: 0 } },
  required: ["name", "age"]
})
const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown)))
const decodeEntry = Schema.decodeUnknownSync(
  Schema.fromJsonString(Schema.Struct({ event: Schema.Record(Schema.String, Schema.Unknown) }))
)
const right = '{"name":"Ann","age":41}'
const wrong = '{"name":"Ann","age":-1}'
const replies = (...bodies: ReadonlyArray<string>) => serve(...bodies.map((body) => ({ body: [body] })))
const keyed = (url: string) => ({ ANTHROPIC_API_KEY: "test-key", ANTHROPIC_BASE_URL: url })
const called = (name: string, input: string) => all(start(), ...toolUse(0, name, input), ...stop("tool_use"))
const asking = (file: string, ...args: ReadonlyArray<string>) => ["run", "--output-schema", file, ...args, "Who?"]

const set = Effect.map(place, (here) => {
  here.write("schema.json", schema)
  here.write("a.md", "the file a\n")
  here.configure({
    model: "anthropic/claude-opus-5-5",
    models: { "anthropic/claude-opus-5-5": { structuredOutput: "native" } }
  })
  return here
})

describe("--output-schema", () => {
  it.live("text: standard output is the JSON value on one line, after a correction that standard error tells", () =>
    Effect.gen(function* () {
      const server = yield* replies(answer(wrong), answer(`\n${right.replace(",", ",\n  ")}\n`))
      const here = yield* set
      const ended = yield* here.run(asking("schema.json"), { env: keyed(server.url) })
      assert.deepStrictEqual([ended.code, ended.stdout], [0, `${right}\n`], ended.stderr)
      assert.include(ended.stderr, "✗ the answer does not follow the schema: /age: expected a number of at least 0")
      const bodies = server.received.map(({ body }) => body)
      for (const body of bodies) assert.include(body, '"format":{"type":"json_schema","schema":{"type":"object"')
      const shown = yield* here.run(["context", "-c", "--turn", "r1t1", "--bytes", "-f", "json"], {
        env: keyed(server.url)
      })
      assert.strictEqual(decode(shown.stdout)["body"], bodies[0])
    })
  )

  it.live("json has it as a field of the round, and stream-json in the round's last event", () =>
    Effect.gen(function* () {
      const server = yield* replies(answer(right), answer(right))
      const here = yield* set
      const env = keyed(server.url)
      const json = yield* here.run(asking("schema.json", "--format", "json"), { env })
      assert.deepStrictEqual(decode(json.stdout)["output"], { name: "Ann", age: 41 })
      const stream = yield* here.run(asking("schema.json", "-f", "stream-json"), { env })
      const events = stream.stdout
        .trim()
        .split("\n")
        .map((line) => decodeEntry(line).event)
      assert.deepStrictEqual(events[0]?.["outputSchema"], decode(schema))
      assert.deepInclude(events.at(-1), { _tag: "RoundCompleted", output: { name: "Ann", age: 41 } })
    })
  )

  it.live("a model without it answers by a tool, which is not shown as a call", () =>
    Effect.gen(function* () {
      const server = yield* replies(
        called("workspace__read_file", '{"path":"a.md"}'),
        called("final_answer", right),
        answer("Fine.")
      )
      const here = yield* set
      here.configure({ model: "anthropic/claude-opus-5-5" })
      const env = keyed(server.url)
      const ended = yield* here.run(asking("schema.json"), { env })
      assert.deepStrictEqual([ended.code, ended.stdout], [0, `${right}\n`], ended.stderr)
      assert.include(ended.stderr, "workspace__read_file")
      assert.notInclude(ended.stderr, "final_answer")
      const shown = yield* here.run(["sessions", "show", /session (\S+)/.exec(ended.stderr)?.[1] ?? ""])
      assert.include(shown.stdout, `\n${right}\n`)
      assert.notInclude(shown.stdout, "→ final_answer")
      assert.strictEqual((yield* here.run(["run", "-c", "Thanks"], { env })).stdout, "Fine.\n")
      assert.notInclude(server.received[2]?.body.split('"messages"')[0], "final_answer")
    })
  )

  it.live("an answer that stays wrong is exit code 1, one line, and nothing on standard output", () =>
    Effect.gen(function* () {
      const server = yield* replies(answer(wrong), answer("I do not know"), answer("Fine."))
      const here = yield* set
      const env = keyed(server.url)
      const ended = yield* here.run(asking("schema.json"), { env })
      assert.deepStrictEqual([ended.code, ended.stdout], [1, ""])
      assert.match(
        ended.stderr,
        /The model's answer does not follow the output schema: the answer is not valid JSON\. Send/
      )
      assert.strictEqual((yield* here.run(["run", "-c", "Never mind"], { env })).stdout, "Fine.\n")
    })
  )

  it.live("the demo model answers with an example", () =>
    Effect.gen(function* () {
      const here = yield* set
      here.write("marked.json", `\uFEFF${schema}`)
      const ended = yield* here.run(asking("marked.json", "--model", "demo/demo"))
      assert.deepStrictEqual([ended.code, ended.stdout], [0, '{"name":"demo","age":0}\n'], ended.stderr)
    })
  )

  it.live("a file that cannot be used is refused in one line, before anything is sent or stored", () =>
    Effect.gen(function* () {
      const server = yield* replies()
      const here = yield* set
      const files: ReadonlyArray<readonly [content: string, problem: RegExp]> = [
        ["{", /: it is not valid JSON; expected a file with a JSON Schema/],
        ["[]", /: it is not a JSON object\. Correct the schema/],
        ['{"type":"text"}', /\/type: expected one of null, boolean/],
        ['{"$ref":"https://example.org/s"}', /references to other documents are not supported/],
        ['{"unevaluatedProperties":false}', /the keyword unevaluatedProperties is not supported/],
        [`{"description":"${"x".repeat(140_000)}"}`, /: it is larger than 131072 bytes/]
      ]
      for (const [i, [content, problem]] of files.entries()) {
        here.write(`${i}.json`, content)
        const ended = yield* here.run(asking(`${i}.json`), { env: keyed(server.url) })
        assert.deepStrictEqual([ended.code, ended.stdout], [2, ""], ended.stderr)
        assert.match(ended.stderr, problem)
        assert.lengthOf(ended.stderr.trim().split("\n"), 1)
      }
      const missing = yield* here.run(asking("none.json"), { env: keyed(server.url) })
      assert.include(
        missing.stderr,
        "--output-schema none.json: there is no such file; expected a file with a JSON Schema"
      )
      assert.include((yield* here.run(asking("."))).stderr, "it is a directory, not a file")
      assert.lengthOf(server.received, 0)
      assert.strictEqual((yield* here.run(["sessions", "list", "-f", "json"])).stdout.trim(), "[]")
    })
  )
})
