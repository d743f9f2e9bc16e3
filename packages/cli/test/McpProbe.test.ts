import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { here } from "./support/InProcess.ts"

const fixtures = join(import.meta.dirname, "../../mcp/test/fixtures")
const program = (name: string, ...args: ReadonlyArray<string>) => [
  "--",
  process.execPath,
  join(fixtures, name),
  ...args
]
const decodeUsed = Schema.decodeSync(
  Schema.fromJsonString(
    Schema.Struct({
      used: Schema.Array(
        Schema.Struct({ kind: Schema.String, name: Schema.String, outcome: Schema.String, says: Schema.String })
      )
    })
  )
)
const encode = Schema.encodeUnknownSync(Schema.fromJsonString(Schema.Unknown))

describe("parley mcp probe, in this process", () => {
  it.live("rejects conflicting flags before it starts anything", () =>
    Effect.gen(function* () {
      const it = yield* here
      const cases: ReadonlyArray<readonly [args: ReadonlyArray<string>, words: string]> = [
        [
          ["--input", "{}", "http://127.0.0.1:1/mcp"],
          "--input sets the input of a call; give a --call TOOL for each --input"
        ],
        [["--call", "a", "--input", "{}", "--input", "{}", "x"], "--input sets the input of a call"],
        [["--call", "a", "--input", "[1]", "--", "x"], "--input: expected a JSON object"],
        [["--call", "a", "--call", "b", "--input", "{}", "--input", "{", "--", "x"], "--input: expected a JSON object"],
        [["--exercise", "--call", "a", "x"], "--exercise calls all tools; do not combine it with --call"],
        [["--cwd", ".", "http://127.0.0.1:1/mcp"], "--env and --cwd apply only to servers with a command"],
        [["--header", "a: b", "--", "x"], "--header applies only to servers with --url"],
        [[], "The server needs a URL or a command"]
      ]
      for (const [args, words] of cases) {
        const { code, stderr, stdout } = yield* it.run("mcp", "probe", ...args)
        assert.deepStrictEqual([code, stdout], [2, ""], `${args.join(" ")}: ${stderr}`)
        assert.include(stderr, words)
      }
    })
  )

  it.live("calls tools in order, each with its own input, and starts the server once", () =>
    Effect.gen(function* () {
      const it = yield* here
      const log = join(it.home, "log")
      const inputs = ["--input", '{"text":"a"}', "--input", '{"text":"b"}']
      const calls = ["--call", "echo", "--call", "echo", "--call", "local_reference", ...inputs]
      const done = yield* it.run("mcp", "probe", ...calls, ...program("raw-server.mjs", `--log=${log}`))
      assert.strictEqual(done.code, 0, done.stderr)
      const lines = readFileSync(log, "utf8")
      assert.deepStrictEqual(lines.match(/"input":.*?\}/g), [
        '"input":{"text":"a"}',
        '"input":{"text":"b"}',
        '"input":{}'
      ])
      assert.lengthOf(lines.match(/"pid"/g) ?? [], 1)
      assert.isFalse(existsSync(join(it.home, ".config")) || existsSync(join(it.home, ".local")), "nothing is stored")
    })
  )

  it.live("declines the forms of a server, or accepts their defaults with --answer", () =>
    Effect.gen(function* () {
      const it = yield* here
      const form = {
        method: "elicitation/create",
        params: {
          message: "Which?",
          requestedSchema: { type: "object", properties: { n: { type: "integer", default: 7 } } }
        }
      }
      const ask = (...flags: ReadonlyArray<string>) =>
        it.run("mcp", "probe", "--call", "ask", "--input", encode(form), ...flags, ...program("asking-server.mjs"))
      const declined = yield* ask()
      assert.notInclude(declined.stdout, '"accept"')
      const filled = yield* ask("--answer", "defaults")
      assert.match(filled.stdout, /"action":"accept"/, filled.stderr)
      assert.match(filled.stdout, /"n":7/)
    })
  )

  it.live("uses everything that a server offers once, and reports each outcome", () =>
    Effect.gen(function* () {
      const it = yield* here
      const { code, stderr, stdout } = yield* it.run(
        "mcp",
        "probe",
        "--exercise",
        "-f",
        "json",
        ...program("offers-server.mjs")
      )
      assert.strictEqual(code, 0, stderr)
      const used = decodeUsed(stdout).used
      assert.deepStrictEqual(
        used.map(({ kind, name, outcome }) => [kind, name, outcome]),
        [
          ["tool", "change", "ok"],
          ["tool", "crash", "lost"],
          ["resource", "ok:a", "ok"],
          ["resource", "ok:b", "refused"],
          ["prompt", "greet", "ok"]
        ]
      )
      assert.match(used.at(2)?.says ?? "", /^half . and/)
      assert.match(used.at(-1)?.says ?? "", /^Greet example kindly\n/, "only what is required is given")
      const text = yield* it.run("mcp", "probe", "--exercise", ...program("offers-server.mjs"))
      assert.match(text.stdout, /^tool change: ok \(\d+ ms\)\ntool crash: lost \(\d+ ms\)\n {2}/)
    })
  )

  it.live("reports a tool's failure, and a server that cannot be used", () =>
    Effect.gen(function* () {
      const it = yield* here
      const offers = join(it.home, "offers")
      writeFileSync(offers, encode([{ name: "send", inputSchema: { type: "object" } }]))
      const offering = program("offering-server.mjs", offers, join(it.home, "calls"))
      const unknown = yield* it.run("mcp", "probe", "--call", "nope", ...offering)
      assert.deepStrictEqual([unknown.code, unknown.stdout], [2, ""])
      assert.include(unknown.stderr, 'The server has no tool "nope"; its tools are send')
      const whole = yield* it.run("mcp", "probe", "--call", "probe__send", ...offering)
      assert.deepStrictEqual([whole.code, whole.stdout], [0, "did send\n"], "its whole name is a name, too")
      const leaky = join(import.meta.dirname, "support/leaky.mjs")
      const failed = yield* it.run("mcp", "probe", "--call", "fail", "--", process.execPath, leaky)
      assert.deepStrictEqual([failed.code, failed.stdout], [1, "no luck\n"])
      assert.include(failed.stderr, "fail reported a failure")
      for (const flags of [["--exercise"], ["--call", "x"], []]) {
        const gone = yield* it.run("mcp", "probe", ...flags, "--", "parley-no-such-command")
        assert.strictEqual(gone.code, 4, gone.stderr)
      }
    })
  )
})
