import { assert, describe, it } from "@effect/vitest"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { Effect, Schema } from "effect"
import { type Ended, place } from "./support/Cli.ts"
import { echoing } from "./support/echoing.ts"
import { everything, everythingHttp } from "./support/Everything.ts"

const raw = join(import.meta.dirname, "../../mcp/test/fixtures/raw-server.mjs")
const leaky = join(import.meta.dirname, "support/leaky.mjs")
const node = (...args: ReadonlyArray<string>) => ({ command: process.execPath, args })

const decodeAny = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Unknown))
const Tool = Schema.Struct({
  name: Schema.String,
  tool: Schema.String,
  description: Schema.String,
  inputSchema: Schema.Record(Schema.String, Schema.Json)
})
const Inspection = Schema.fromJsonString(
  Schema.Struct({
    state: Schema.String,
    millis: Schema.Int,
    problem: Schema.optionalKey(Schema.String),
    leftOut: Schema.Struct({ tool: Schema.String, why: Schema.String }).pipe(Schema.Array, Schema.optionalKey),
    tools: Schema.Array(Tool)
  })
)
const inspectionOf = ({ stdout }: Ended) => Schema.decodeEffect(Inspection)(stdout)

const secret = "canary-0123456789"
const shown = ({ stderr, stdout }: Ended) => stdout + stderr
/** What a terminal acts on, or what hides text. */
// eslint-disable-next-line no-control-regex -- control characters are what this is about
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/

describe("parley mcp, one server", () => {
  it.live("inspect shows one server, enabled or not: its tools, those left out, and the start time", () =>
    Effect.gen(function* () {
      const here = yield* place
      const log = join(here.home, "log")
      here.configure({
        mcpServers: {
          everything: { ...node(everything, "stdio"), disabled: true },
          other: node(raw, `--log=${log}`),
          bad: node(raw, "--bad-tools")
        }
      })
      const one = yield* here.run(["mcp", "inspect", "everything", "--format", "json"])
      assert.strictEqual(one.code, 0, one.stderr)
      const { millis, state, tools } = yield* inspectionOf(one)
      assert.strictEqual(state, "ready")
      assert.isAbove(millis, 0)
      const echo = tools.find(({ tool }) => tool === "echo")
      assert.strictEqual(echo?.name, "everything__echo")
      assert.match(echo?.description ?? "", /^Echoes back/)
      assert.propertyVal(echo?.inputSchema, "type", "object")
      assert.isFalse(existsSync(log), "no other server was started")

      const text = yield* here.run(["mcp", "inspect", "bad"])
      assert.match(text.stdout, /^bad: ready in \d+ ms, 9 tools\n/)
      assert.include(text.stdout, "! 8 tools left out: no_schema (its input schema is not an object)")
      for (const left of ["no_schema: its input schema is not an object", "as_task: it can only be run as a task"])
        assert.include(text.stdout, `\n  left out ${left}`)
      const all = yield* inspectionOf(yield* here.run(["mcp", "inspect", "bad", "--format", "json"]))
      assert.strictEqual(all.leftOut?.length, 8)
      assert.include(text.stdout, '\n  slow_pattern\n    input {"type":"object","properties":{"text":')
      const none = yield* here.run(["mcp", "inspect", "nope"])
      assert.deepStrictEqual([none.code, none.stdout], [2, ""])
      assert.match(none.stderr, /no server "nope"; the configured servers are everything, other, bad/)
    })
  )

  it.live("values of env and headers are in no output, and no text of a server controls the terminal", () =>
    Effect.gen(function* () {
      const here = yield* place
      const remote = yield* echoing
      here.configure({
        mcpServers: {
          leaky: { ...node(leaky, "\u202eliated\u009b2J"), env: { TOKEN: secret } },
          failing: { ...node(leaky, "--exit"), env: { TOKEN: secret } },
          remote: { url: `${remote.url}/mcp`, headers: { authorization: `Bearer ${secret}` } }
        }
      })
      const parley = (...args: ReadonlyArray<string>) => here.run(["mcp", ...args])
      const ended = yield* Effect.forEach(
        ["text", "json"].flatMap((format) =>
          [["list"], ["inspect", "leaky"], ["inspect", "failing"], ["inspect", "remote"]].map((args) =>
            args.concat("-f", format)
          )
        ),
        (args) => parley(...args),
        { concurrency: 2 }
      )
      for (const one of ended) assert.notInclude(shown(one), secret)
      for (const one of ended.slice(0, 4)) assert.notMatch(shown(one), control)
      assert.isAbove(remote.state.received.filter((one) => one === secret).length, 0, "it was sent the secret")
      const [list, ...inspected] = ended
      assert.include(list?.stdout ?? "", "! it exited with code 3 (stderr: refused: …)")
      assert.include(
        inspected[0]?.stdout,
        "\n  show\n    ! contains 4 hidden characters, shown as \\u{…}; they are not sent to the model\n" +
          "    \\u{1b}[2J\\u{1b}]0;owned\\u{7} hidden\\u{202e} text …\n"
      )
      assert.deepStrictEqual(
        inspected.slice(0, 3).map(({ code }) => code),
        [0, 4, 4]
      )
      const { problem, tools } = yield* inspectionOf(
        ended[5] ?? list ?? { code: 0, signal: null, stderr: "", stdout: "" }
      )
      assert.match(problem ?? "", /^1 tool left out: broken …/)
      assert.deepStrictEqual(tools.find(({ tool }) => tool === "show")?.inputSchema, {
        type: "object",
        properties: { "…": { type: "string", default: "…" } }
      })
    })
  )

  it.live("probe connects to a server that is not configured, and stores nothing", () =>
    Effect.gen(function* () {
      const here = yield* place
      const url = yield* everythingHttp
      const probe = (...args: ReadonlyArray<string>) => here.run(["mcp", "probe", ...args])
      const remote = yield* probe(url, "-f", "json")
      assert.strictEqual(remote.code, 0, remote.stderr)
      assert.isAbove((yield* inspectionOf(remote)).tools.length, 5)

      const call = ["--call", "echo", "--input", '{"message":"hi"}']
      const called = yield* probe(url, ...call)
      assert.deepStrictEqual([called.code, called.stdout], [0, "Echo: hi\n"], called.stderr)
      const program = ["--", process.execPath, leaky]
      const json = yield* probe("--call", "show", "-f", "json", ...program)
      assert.deepStrictEqual(yield* decodeAny(json.stdout), {
        isError: false,
        content: [{ _tag: "Text", text: "\u001b[31mnone" }]
      })
      assert.strictEqual((yield* probe("--call", "show", ...program)).stdout, "␛[31mnone\n")

      const failed = yield* probe("--call", "fail", ...program)
      assert.deepStrictEqual([failed.code, failed.stdout], [1, "no luck\n"])
      assert.match(failed.stderr, /fail reported a failure/)
      const unknown = yield* probe("--call", "nope", ...program)
      assert.strictEqual(unknown.code, 2)
      assert.match(unknown.stderr, /no tool "nope"; its tools are fail, show/)
      const invalid = yield* probe(url, "--call", "echo")
      assert.strictEqual(invalid.code, 2, invalid.stderr)
      assert.match(invalid.stderr, /--input: Invalid input for probe__echo/)
      const lost = yield* probe("--call", "crash", "--", process.execPath, raw)
      assert.strictEqual(lost.code, 4, lost.stderr)
      for (const args of [
        ["http://127.0.0.1:9/mcp"],
        ["--", "no-such-program"],
        ["--call", "a", "--", "no-such-program"]
      ])
        assert.strictEqual((yield* probe(...args)).code, 4, args.join(" "))
      assert.strictEqual((yield* probe("ftp://example.org")).code, 2)
      assert.strictEqual((yield* probe("--input", "{}", ...program)).code, 2)
      assert.strictEqual((yield* probe("--call", "show", "--input", "[]", ...program)).code, 2)
      assert.isFalse(existsSync(join(here.home, ".config")) || existsSync(join(here.home, ".local")))
    })
  )
})
