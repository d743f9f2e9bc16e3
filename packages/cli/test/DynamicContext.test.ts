import type { Segment } from "@parley/domain/ContextManifest"
import { LogEntry, SessionEvent } from "@parley/domain/SessionEvent"
import { SessionContext } from "@parley/domain/SessionContext"
import { assert, describe, it } from "@effect/vitest"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Effect, Schema } from "effect"
import { type Ended, place } from "./support/Cli.ts"
import { everything, filesystem } from "./support/Everything.ts"

const raw = join(import.meta.dirname, "../../mcp/test/fixtures/raw-server.mjs")
const decodeEntries = Schema.decodeEffect(Schema.Array(Schema.fromJsonString(LogEntry)))
const decodeEvents = Schema.decodeEffect(Schema.Array(Schema.fromJsonString(SessionEvent)))
const decodeContext = Schema.decodeEffect(Schema.fromJsonString(SessionContext))
const node = (...args: ReadonlyArray<string>) => ({ command: process.execPath, args })

const entriesOf = ({ stdout }: Ended) => decodeEntries(stdout.trim().split("\n"))
const built = (entries: ReadonlyArray<LogEntry>): ReadonlyArray<Segment> =>
  entries.flatMap(({ event }) => (event._tag === "ContextBuilt" ? event.manifest : []))
/** What the database holds of the rounds, beside what was printed of them. */
const stored = (home: string) =>
  Effect.suspend(() => {
    const database = new DatabaseSync(join(home, ".local/share/parley/parley.db"), { readOnly: true })
    const rows = database.prepare("select body from events order by seq").all()
    database.close()
    return decodeEvents(rows.map((row) => String(row["body"])))
  })
const why = (manifest: ReadonlyArray<Segment>, slot: string) =>
  manifest
    .filter(({ source }) => source === `dynamic:${slot}`)
    .map(({ why }) => why)
    .join("; ")

describe("dynamic context over real servers", () => {
  it.live("one slot fails, one times out, one keeps its value: both rounds succeed and record the reasons", () =>
    Effect.gen(function* () {
      const here = yield* place
      const effects = join(here.home, "effects.log")
      here.configure({
        mcpServers: {
          files: { ...node(filesystem, here.workspace), cwd: here.workspace },
          everything: node(everything, "stdio"),
          counted: node(raw, `--log=${effects}`)
        },
        dynamicContext: [
          { id: "failing", tool: "files__read_text_file", input: { path: "missing.txt" } },
          {
            id: "slow",
            tool: "everything__trigger-long-running-operation",
            input: { duration: 30, steps: 1 },
            timeoutMillis: 300
          },
          { id: "cached", tool: "counted__echo", input: { text: "the value" }, refresh: { seconds: 3600 } }
        ]
      })
      const calls = () =>
        readFileSync(effects, "utf8")
          .split("\n")
          .filter((line) => line.includes('"called":"echo"')).length

      const first = yield* here.run(["run", "hello", "--format", "stream-json"])
      assert.strictEqual(first.code, 0, first.stderr)
      const one = yield* entriesOf(first)
      assert.strictEqual(one.at(-1)?.event._tag, "RoundCompleted")
      assert.match(why(built(one), "failing"), /^failed: .*(ENOENT|no such file)/i)
      assert.match(why(built(one), "slow"), /^failed: .*no answer within 300 ms/)
      assert.strictEqual(why(built(one), "cached"), "resolved for this round: it has no value yet")
      const started = one.find(({ event }) => event._tag === "ToolStarted")?.at ?? 0
      const ready = one.find(({ event }) => event._tag === "ContextBuilt")?.at ?? Infinity
      assert.isBelow(ready - started, 10_000, "nobody waits for the slow one to end")

      const second = yield* here.run(["run", "--continue", "and again", "--format", "stream-json"])
      assert.strictEqual(second.code, 0, second.stderr)
      const two = yield* entriesOf(second)
      assert.strictEqual(two.at(-1)?.event._tag, "RoundCompleted")
      assert.match(why(built(two), "cached"), /^kept: resolved in r1, \d+ s ago; refreshed every 3600 s; the same/)
      assert.match(why(built(two), "slow"), /no answer within 300 ms/)
      assert.deepStrictEqual(
        two.flatMap(({ event }) => (event._tag === "ContextCallRequested" ? [event.slot] : [])),
        ["failing", "slow"]
      )

      const kept = (yield* stored(here.home)).flatMap((event) =>
        event._tag === "ContextBuilt" ? [event.manifest] : []
      )
      assert.deepStrictEqual(kept, [built(one), built(two)], "what was printed is what is stored")

      const context = yield* here.run(["context", "--continue", "what now?", "--format", "json"])
      assert.strictEqual(context.code, 0, context.stderr)
      const { dynamicContext, manifest, messages } = yield* decodeContext(context.stdout.trim())
      assert.deepStrictEqual(
        dynamicContext.map(({ slot, state }) => [slot, state]),
        [
          ["failing", "failed"],
          ["slow", "failed"],
          ["cached", "kept"]
        ]
      )
      for (const slot of ["failing", "slow", "cached"]) assert.notStrictEqual(why(manifest, slot), "")
      const said = messages.flatMap(({ content }) =>
        content.flatMap((block) => (block._tag === "Text" ? block.text : []))
      )
      assert.lengthOf(
        said.filter((text) => text.includes('name="cached"')),
        1,
        "a value is sent once"
      )
      assert.strictEqual(calls(), 1, "the cached tool was called once, in all three")

      const asked = yield* here.run(["run", "--continue", "once more", "--refresh", "cached", "-f", "stream-json"])
      assert.include(why(built(yield* entriesOf(asked)), "cached"), "the message asks for it")
      assert.strictEqual(calls(), 2)
    })
  )

  it.live("parley dynamic test runs slots and stores nothing; a failed required slot gives exit code 1", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.write("a.txt", "hello \u001b[31m")
      yield* here.run(["dynamic", "add", "a", "workspace__read_file", "--input", '{"path":"a.txt"}'])
      const tested = yield* here.run(["dynamic", "test"])
      assert.strictEqual(tested.code, 0, tested.stderr)
      assert.match(tested.stdout, /^a: fresh, \d+ ms, \d+ tokens/)
      assert.match(
        tested.stdout,
        /\n {2}\| <context-\w+ name="a" tool="workspace__read_file">\n {2}\| hello \u241b\[31m\n/
      )
      assert.isFalse(existsSync(join(here.home, ".local/share/parley/parley.db")))

      yield* here.run([
        "dynamic",
        "add",
        "b",
        "workspace__read_file",
        "--input",
        '{"path":"no"}',
        "--on-failure",
        "fail"
      ])
      const failed = yield* here.run(["dynamic", "test", "b"])
      assert.strictEqual(failed.code, 1)
      assert.match(
        failed.stdout,
        /^b: required, \d+ ms\n {2}! .*no.*\n {2}! check the input where the slot is declared/
      )
      assert.include(failed.stderr, 'Dynamic context "b" is required and did not resolve')
    })
  )
})

describe("parley dynamic", () => {
  it.live("declares, lists, switches and removes slots, and reports what it cannot do", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.write(
        ".parley/dynamic.json",
        '{ "slots": [{ "id": "evil", "tool": "shell__run" }, { "id": "tree", "tool": "workspace__list_files" }] }'
      )
      const added = yield* here.run(["dynamic", "add", "git", "shell__git", "--refresh", "60", "--on-failure", "stale"])
      assert.strictEqual(added.code, 0)
      assert.include(added.stderr, "no server offers the tool shell__git now")
      const { stdout } = yield* here.run(["dynamic", "list"])
      assert.match(
        stdout,
        /^git: on, yours .*\n {2}shell__git {}\n {2}resolved when its value is older than 60 s; on failure, it keeps its last value/
      )
      assert.match(stdout, /\nevil: ignored, the project's .*\n {2}shell__run {}\n {2}! a project may only call/)
      assert.strictEqual((yield* here.run(["dynamic", "disable", "git"])).code, 0)
      assert.match((yield* here.run(["dynamic", "list"])).stdout, /^git: off, yours/)

      const refusals: ReadonlyArray<readonly [args: ReadonlyArray<string>, words: RegExp]> = [
        [["dynamic", "add", "git", "x__y"], /has a slot "git" already/],
        [["dynamic", "add", "tree", "x__y"], /dynamic\.json already has a slot "tree"; choose another ID/],
        [["dynamic", "add", "*", "x__y"], /"\*" cannot be the ID of a slot/],
        [["dynamic", "add", "n", "x__y", "--input", "[1]"], /--input: expected a JSON object/],
        [["dynamic", "add", "n", "x__y", "--input", "{"], /--input: expected a JSON object/],
        [["dynamic", "add", "n", "x__y", "--refresh", "0"], /--refresh 0: expected round, change, demand or/],
        [["dynamic", "add", "n", "x__y", "--timeout", "0"], /timeout.*a whole number above 0/],
        [["dynamic", "add", "n", "x__y", "--timeout", "600001"], /--timeout: the maximum for a slot is 600000 ms/],
        [["dynamic", "remove", "tree"], /The project declares the slot "tree"; to change it, edit .*dynamic\.json/],
        [["dynamic", "enable", "none"], /no slot "none" of dynamic context; the slots are git, evil, tree/],
        [["dynamic", "test", "evil"], /"evil" is ignored: a project may only call/],
        [["run", "hi", "--refresh", "none"], /no slot "none" of dynamic context/],
        [["run", "hi", "--refresh", "git"], /the slot is disabled; enable it with `parley dynamic enable git`/],
        [["run", "hi", "--refresh", "evil"], /the slot is ignored/]
      ]
      for (const [args, words] of refusals) {
        const { code, stderr } = yield* here.run(args)
        assert.strictEqual(code, 2, args.join(" "))
        assert.match(stderr, words)
      }
      assert.strictEqual((yield* here.run(["sessions", "list"])).stdout, "", "a refused message leaves no session")
      assert.strictEqual((yield* here.run(["dynamic", "remove", "git"])).code, 0)
      assert.notInclude((yield* here.run(["dynamic", "list", "--format", "json"])).stdout, '"git"')
    })
  )
})
