import { LogEntry } from "@parley/domain/SessionEvent"
import { Round } from "@parley/domain/Session"
import { SessionInfo } from "@parley/domain/SessionInfo"
import { assert, describe, it } from "@effect/vitest"
import { readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { Effect, Schema } from "effect"
import { version } from "../src/process/Version.ts"
import { type Ended, place } from "./support/Cli.ts"
import { keyed, provider, streaming } from "./support/Provider.ts"

const decodeEntries = Schema.decodeEffect(Schema.Array(Schema.fromJsonString(LogEntry)))
const decodeRound = Schema.decodeEffect(Schema.fromJsonString(Round))
const decodeInfos = Schema.decodeEffect(Schema.fromJsonString(Schema.Array(SessionInfo)))
const decodeServers = Schema.decodeEffect(
  Schema.fromJsonString(Schema.Struct({ servers: Schema.Array(Schema.Unknown) }))
)
const noTrace = ({ stderr, stdout }: Ended) => assert.notMatch(stderr + stdout, /\n\s+at .*[:(]\d+/)

it("the version is the package's", () => {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8")
  assert.include(manifest, `"version": "${version}"`)
})

describe("parley run", () => {
  it.live("answers through a real tool call, the answer alone on standard output", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.write("notes/a.txt", "hello")
      const ended = yield* here.run(["run", "List", "the files", "in notes"], { alone: true })
      assert.strictEqual(ended.code, 0, ended.stderr)
      assert.strictEqual(ended.stdout, "I will list the files in notes.\nThere is 1 entry: notes/a.txt\n")
      assert.match(ended.stderr, /offline demo model/)
      assert.match(ended.stderr, /→ workspace__list_files/)
      assert.notInclude(ended.stderr, "\u001b", "no styles where there is no terminal")
      const file = statSync(join(here.home, ".local/share/parley/parley.db"))
      assert.strictEqual(file.mode & 0o777, 0o600)
    })
  )

  it.live("takes the message from a pipe, from arguments, or from both", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.write("a.txt", "hello")
      const piped = yield* here.run(["run", "--format", "json"], { input: "read a.txt\n" })
      const both = yield* here.run(["run", "read a.txt", "-f", "json"], { input: "and this" })
      const words = [yield* decodeRound(piped.stdout), yield* decodeRound(both.stdout)].map(({ request }) => request)
      assert.deepStrictEqual(words, [
        [{ _tag: "Text", text: "read a.txt\n" }],
        [{ _tag: "Text", text: "read a.txt\n\nand this" }]
      ])
    })
  )

  it.live("prints json and stream-json that programs can rely on, and nothing else", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.write("a.txt", "hello \u001b[31m")
      const streamed = yield* here.run(["run", "what is in a.txt and b.txt", "--format", "stream-json"])
      const entries = yield* decodeEntries(streamed.stdout.trimEnd().split("\n"))
      assert.deepStrictEqual(
        entries.map(({ seq }) => seq),
        entries.map((_, i) => i + 1)
      )
      assert.strictEqual(entries.at(-1)?.event._tag, "RoundCompleted")
      assert.notInclude(streamed.stdout, "\u001b", "JSON escapes what a terminal would obey")
      const round = yield* decodeRound((yield* here.run(["run", "-c", "read a.txt", "-f", "json"])).stdout)
      assert.strictEqual(round.id, "r2")
      assert.strictEqual(round.status, "completed")
    })
  )

  it.live("reports errors of a command line, and exits with 2", () =>
    Effect.gen(function* () {
      const here = yield* place
      const cases: ReadonlyArray<readonly [args: ReadonlyArray<string>, words: RegExp]> = [
        [["run"], /No message/],
        [["run", "  "], /No message/],
        [["run", "hi", "--nope"], /--nope/],
        [["run", "hi", "--format", "yaml"], /format/],
        [["run", "hi", "--model", "claude"], /PROVIDER\/MODEL/],
        [["run", "hi", "--session", "ses_nope"], /No session ses_nope/],
        [["run", "hi", "--continue"], /no session in .* to continue/],
        [["run", "hi", "--continue", "--session", "x"], /not both/],
        [["frobnicate"], /frobnicate/],
        [["sessions", "show"], /id/],
        [["sessions", "delete", "ses_nope"], /No session/]
      ]
      for (const [args, words] of cases) {
        const ended = yield* here.run(args, { alone: true })
        assert.strictEqual(ended.code, 2, `${args.join(" ")}: ${ended.stderr}`)
        assert.match(ended.stderr, words, args.join(" "))
        assert.strictEqual(ended.stdout, "", args.join(" "))
        noTrace(ended)
      }
    })
  )

  it.live("exits with 3 for configuration, naming file, line and column", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.configure({ model: 5 })
      const typed = yield* here.run(["run", "hi"])
      assert.strictEqual(typed.code, 3)
      assert.match(typed.stderr, /config\.json:1:10: model/)
      here.configure({ model: "anthropic/claude-sonnet-5-5" })
      const keyless = yield* here.run(["run", "hi"])
      assert.strictEqual(keyless.code, 3)
      assert.match(keyless.stderr, /ANTHROPIC_API_KEY/)
      const nowhere = yield* here.run(["run", "hi", "--workspace", "/nowhere/at/all"])
      assert.strictEqual(nowhere.code, 3)
      for (const ended of [typed, keyless, nowhere]) noTrace(ended)
    })
  )

  it.live("exits with 4 when the provider refuses or cannot be reached, and the session can be continued", () =>
    Effect.gen(function* () {
      const here = yield* place
      const refusing = yield* provider(
        401,
        '{"type":"error","error":{"type":"authentication_error","message":"bad key"}}'
      )
      const refused = yield* here.run(["run", "hi"], { env: keyed(refusing.url) })
      assert.strictEqual(refused.code, 4, refused.stderr)
      assert.match(refused.stderr, /refused the key/)
      assert.notInclude(refused.stderr, "test-key")
      const offline = yield* here.run(["run", "-c", "hi"], { env: keyed("http://127.0.0.1:9") })
      assert.strictEqual(offline.code, 4, offline.stderr)
      const json = yield* here.run(["run", "-c", "hi", "-f", "json"], { env: keyed(refusing.url) })
      assert.strictEqual((yield* decodeRound(json.stdout)).failure?.reason, "Unauthorized")
      const demo = yield* here.run(["run", "-c", "hello", "--model", "demo/demo"])
      assert.strictEqual(demo.code, 0, demo.stderr)
      for (const ended of [refused, offline, json]) noTrace(ended)
    })
  )

  it.live("exits with 5 when the database cannot be used", () =>
    Effect.gen(function* () {
      const here = yield* place
      const data = join(here.home, "data")
      yield* Effect.promise(() =>
        import("node:fs/promises").then((fs) => fs.mkdir(join(data, "parley/parley.db"), { recursive: true }))
      )
      const ended = yield* here.run(["run", "hi"], { env: { XDG_DATA_HOME: data } })
      assert.strictEqual(ended.code, 5, ended.stderr)
      noTrace(ended)
    })
  )

  const whenShown = (child: ReturnType<Effect.Success<typeof place>["spawn"]>["child"], f: () => void) => {
    let seen = ""
    const look = (data: string) => {
      seen += data
      if (!seen.includes("Thinking")) return
      child.stdout?.off("data", look)
      f()
    }
    child.stdout?.on("data", look)
  }

  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129]
  ] as const)
    it.live(`${signal} cancels the round, stores that, and exits with ${code}`, () =>
      Effect.gen(function* () {
        const here = yield* place
        const hanging = yield* provider(200, streaming, true)
        const { child, ended } = here.spawn(["run", "hi"], { env: keyed(hanging.url) })
        whenShown(child, () => child.kill(signal))
        const result = yield* ended
        assert.strictEqual(result.code, code, result.stderr)
        noTrace(result)
        const [info] = yield* decodeInfos((yield* here.run(["sessions", "list", "-f", "json"])).stdout)
        assert.strictEqual(info?.open, false)
        const shown = yield* here.run(["sessions", "show", info?.id ?? ""])
        assert.match(shown.stdout, /cancelled/)
        assert.match(shown.stdout, /Thinking about it/)
      })
    )

  it.live("ends quietly when the reader of its output goes away", () =>
    Effect.gen(function* () {
      const here = yield* place
      const hanging = yield* provider(
        200,
        streaming + streaming.slice(streaming.lastIndexOf("event:")).repeat(500),
        true
      )
      const { child, ended } = here.spawn(["run", "hi", "-f", "stream-json"], { env: keyed(hanging.url) })
      child.stdout?.once("data", () => child.stdout?.destroy())
      const result = yield* ended
      assert.oneOf(result.code, [0, 1])
      assert.strictEqual(result.stderr, "")
    })
  )
})

describe("parley sessions, context, tools, models, chat", () => {
  it.live("list, show and delete sessions", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.write("a.txt", "hello")
      yield* here.run(["run", "read a.txt"])
      const [info] = yield* decodeInfos((yield* here.run(["sessions", "list", "-f", "json"])).stdout)
      const id = info?.id ?? ""
      assert.strictEqual(info?.title, "read a.txt")
      const text = yield* here.run(["sessions", "show", id])
      assert.match(text.stdout, /> read a\.txt[\s\S]*→ workspace__read_file[\s\S]*✓ hello/)
      assert.strictEqual((yield* here.run(["sessions", "delete", id])).code, 0)
      assert.strictEqual((yield* here.run(["sessions", "list", "-f", "json"])).stdout, "[]\n")
    })
  )

  it.live("show what would be sent without sending or storing anything", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.write("notes.md", "remember the milk")
      here.write(".parley/context.json", '{ "include": ["notes.md", "one\\ntwo.md", "gone\\nskipped notes.md"] }')
      here.write("one\ntwo.md", "two")
      const { code, stdout } = yield* here.run(["context", "what now?"])
      assert.strictEqual(code, 0)
      assert.match(
        stdout,
        /=== system[\s\S]*remember the milk[\s\S]*=== message 1: user[\s\S]*what now\?[\s\S]*file:notes\.md/
      )
      // Names stay on their lines.
      assert.include(stdout, String.raw`"file:one\ntwo.md"`)
      assert.include(stdout, String.raw`skipped "gone\nskipped notes.md": does not exist`)
      assert.strictEqual((yield* here.run(["sessions", "list", "-f", "json"])).stdout, "[]\n")
    })
  )

  it.live("list tools with the problems of servers, and models", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.configure({ mcpServers: { broken: { command: "/nowhere/server" } } })
      const tools = yield* here.run(["tools"])
      assert.match(tools.stdout, /broken: failed\n {2}! .+/)
      assert.match(tools.stdout, /workspace__read_file/)
      const { servers } = yield* decodeServers((yield* here.run(["tools", "--format", "json"])).stdout)
      const problem = "the command /nowhere/server was not found"
      assert.deepStrictEqual(servers, [
        { name: "workspace", state: "ready", tools: 4, restarts: 0 },
        { name: "broken", state: "restarting", tools: 0, problem, restarts: 0, lastProblem: problem }
      ])
      assert.match((yield* here.run(["models"])).stdout, /^\* demo\/demo/m)
    })
  )

  it.live("chat takes one message a line and ends with its input", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.write("a.txt", "hello")
      const ended = yield* here.run(["chat"], { input: "read a.txt\n\nlist the files here\n" })
      assert.strictEqual(ended.code, 0, ended.stderr)
      assert.match(ended.stdout, /hello[\s\S]*There is 1 entry: a\.txt/)
      const [info] = yield* decodeInfos((yield* here.run(["sessions", "list", "-f", "json"])).stdout)
      assert.strictEqual(info?.rounds, 2)
    })
  )
})
