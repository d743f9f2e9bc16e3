import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { serve } from "@parley/harness/SseServer"
import { answer } from "@parley/harness/wire"
import { place } from "./support/Cli.ts"
import { keyed } from "./support/Provider.ts"

it.live("a recorded conversation is replayed after its workspace and its sessions are gone", () =>
  Effect.gen(function* () {
    const here = yield* place
    here.configure({})
    here.write("a.md", "words")
    const file = join(here.home, "chat.jsonl")
    const chat = yield* here.run(["chat", "--record", file], { input: "hello\nread a.md\n" })
    assert.strictEqual(chat.code, 0, chat.stderr)
    assert.strictEqual(statSync(file).mode & 0o777, 0o600)
    for (const gone of [".config", ".local"]) rmSync(join(here.home, gone), { recursive: true, force: true })
    rmSync(join(here.workspace, "a.md"))
    const replayed = yield* here.run(["replay", file])
    assert.strictEqual(replayed.code, 0, replayed.stderr)
    assert.match(
      replayed.stdout,
      /^2 messages, 0 requests to models, 1 tool call: all \d+ events as recorded, byte for byte\n$/
    )

    const text = readFileSync(file, "utf8")
    writeFileSync(file, text.replaceAll('"text":"words"', '"text":"w0rds"').replace('"text":"w0rds"', '"text":"words"'))
    const differs = yield* here.run(["replay", file])
    assert.strictEqual(differs.code, 1)
    assert.match(
      differs.stderr,
      /differs from the recording at group of stored events \d+, in events\[0\]\.outcome\.content\[0\]\.text, byte \d+/
    )
    assert.match(differs.stderr, / {2}recorded: ".*w0rds.*"\n {2}replayed: ".*words.*"/)
    const json = yield* here.run(["replay", file, "--format", "json"])
    assert.strictEqual(json.code, 1)
    assert.include(json.stdout, '"field":"events[0].outcome.content[0].text"')
  })
)

it.live("a part of it is run again with another model, in a session of its own", () =>
  Effect.gen(function* () {
    const here = yield* place
    here.configure({})
    here.write("a.md", "words")
    const file = join(here.home, "chat.jsonl")
    yield* here.run(["chat", "--record", file], { input: "hello\nread a.md\n" })
    here.write("a.md", "other words")
    const again = yield* here.run(["replay", file, "--from", "r2", "--model", "demo/demo"])
    assert.strictEqual(again.code, 0, again.stderr)
    assert.strictEqual(again.stdout.split("workspace__read_file").length, 3, "the call of both rounds")
    assert.notInclude(again.stdout, "other words")
    assert.match(again.stdout, /^r2:\n {2}recorded:\n {4}model: demo\/demo, completed\n {4}answer: /)
    const id = /session (ses_\w+)/.exec(again.stderr)?.[1] ?? ""
    assert.include((yield* here.run(["sessions", "show", id])).stdout, "hello")
    const json = yield* here.run(["replay", file, "--from", "r2", "--model", "demo/demo", "-f", "json"])
    assert.match(json.stdout, /^\{"session":"ses_\w+","rounds":\[\{"recorded":\{"id":"r2"/)
  })
)

it.live("what cannot be recorded or replayed is an error of one line, before anything is done", () =>
  Effect.gen(function* () {
    const here = yield* place
    here.configure({})
    here.write("a.md", "words\n")
    here.write("newer.jsonl", '{"parley":"recording","version":2,"seed":"1"}\n')
    const refused = Effect.fnUntraced(function* (args: ReadonlyArray<string>, problem: string) {
      const { code, stderr, stdout } = yield* here.run(args)
      assert.strictEqual(code, 2, stderr)
      assert.include(stderr, problem)
      assert.strictEqual(stdout, "")
      assert.strictEqual(stderr.trim().split("\n").length, 1, stderr)
    })
    yield* refused(["replay", "a.md"], "is not a recording")
    yield* refused(["replay", "newer.jsonl"], "a newer Parley wrote")
    yield* refused(["replay", "none.jsonl"], "there is no such file or directory")
    yield* refused(["replay", "a.md", "--model", "demo/demo"], "--model would have no effect")
    yield* refused(["replay", "a.md", "--from", "r1", "--model", "demo/demo"], "is not a recording")
    const run = yield* here.run(["run", "--record", "a.md", "hello"])
    assert.strictEqual(run.code, 2)
    assert.include(run.stderr, "the file exists already; name one that does not")
    assert.include((yield* here.run(["sessions", "list"])).stderr, "No sessions in")
  })
)

it.live("a recording of a real provider has no key and no value of a header, also where the server repeats them", () =>
  Effect.gen(function* () {
    const here = yield* place
    const file = join(here.home, "run.jsonl")
    yield* Effect.gen(function* () {
      const server = yield* serve({ body: [answer("You sent test-key and canary-of-a-header.")] })
      here.configure({
        model: "anthropic/claude-x",
        providers: { anthropic: { headers: { "x-canary": "canary-of-a-header" } } }
      })
      const run = yield* here.run(["run", "--record", file, "hello"], { env: keyed(server.url) })
      assert.include(run.stdout, "You sent test-key and canary-of-a-header.")
      assert.strictEqual(server.received[0]?.headers["x-canary"], "canary-of-a-header")
    }).pipe(Effect.scoped)
    const text = readFileSync(file, "utf8")
    assert.notInclude(text, "test-key")
    assert.notInclude(text, "canary-of-a-header")
    assert.include(text, "You sent key-not-recorded and key-not-recorded.")
    const replayed = yield* here.run(["replay", file])
    assert.match(
      replayed.stdout,
      /^1 message, 1 request to models, 0 tool calls: all \d+ events as recorded, byte for byte\n$/
    )
  })
)
