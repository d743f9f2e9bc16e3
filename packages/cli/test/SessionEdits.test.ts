import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { SessionInfo } from "@parley/domain/SessionInfo"
import { place } from "./support/Cli.ts"
import { type Here, here } from "./support/InProcess.ts"

const decodeInfos = Schema.decodeSync(Schema.fromJsonString(Schema.Array(SessionInfo)))
const say = (it: Here, ...words: ReadonlyArray<string>) => it.run("run", "--no-stdin", "-m", "demo/demo", ...words)

/** A session of one round, by its id. */
const talked = Effect.fnUntraced(function* (it: Here) {
  const said = yield* say(it, "hello")
  assert.strictEqual(said.code, 0, said.stderr)
  const [info] = decodeInfos((yield* it.run("sessions", "list", "-f", "json")).stdout)
  return info?.id ?? ""
})

describe("parley sessions, in this process", () => {
  it.live("pins texts with their kind, lists them, and unpins them", () =>
    Effect.gen(function* () {
      const it = yield* here
      const id = yield* talked(it)
      const none = yield* it.run("sessions", "pins", id)
      assert.deepStrictEqual([none.stdout, none.stderr], ["", "Nothing is pinned in this session\n"])
      const pinned = yield* it.run("sessions", "pin", id, "Answer", "in", "French")
      assert.match(pinned.stderr, /^Pinned: the text is sent with the next message/)
      yield* it.run("sessions", "pin", id, "ship it", "--kind", "goal")
      yield* it.run("sessions", "pin", id, "the docs", "--kind", "open-work")
      const all = yield* it.run("sessions", "pins", id)
      assert.strictEqual(all.stdout, "constraint  Answer in French\ngoal        ship it\nopen-work   the docs\n")
      assert.strictEqual(all.stderr, "")
      assert.strictEqual((yield* it.run("sessions", "unpin", id, "ship", "it")).code, 0)
      assert.notInclude((yield* it.run("sessions", "pins", id)).stdout, "ship it")
    })
  )

  it.live("rejects an unknown ID in every command", () =>
    Effect.gen(function* () {
      const it = yield* here
      yield* talked(it)
      for (const [verb, ...more] of [
        ["pin", "x"],
        ["unpin", "x"],
        ["pins"],
        ["compact"],
        ["uncompact"],
        ["undo"],
        ["redo"],
        ["fork"],
        ["refresh"],
        ["show"],
        ["delete"]
      ] as const) {
        const gone = yield* it.run("sessions", verb, "ses_nope", ...more)
        assert.deepStrictEqual([verb, gone.code], [verb, 2], gone.stderr)
        assert.include(gone.stderr, "No session ses_nope")
        const empty = yield* it.run("sessions", verb, " ", ...more)
        assert.deepStrictEqual([verb, empty.code], [verb, 2], empty.stderr)
      }
    })
  )

  it.live("compacts, reports by how much, and undoes the compaction", () =>
    Effect.gen(function* () {
      const it = yield* here
      const id = yield* talked(it)
      for (const words of ["two", "three", "four"]) yield* say(it, "-c", `${words} `.repeat(2000))
      const undone = yield* it.run("sessions", "uncompact", id)
      assert.notStrictEqual(undone.code, 0, "there is nothing to take back yet")
      const compacted = yield* it.run("sessions", "compact", id)
      assert.strictEqual(compacted.code, 0, compacted.stderr)
      assert.match(compacted.stderr, /summarized/)
      const again = yield* it.run("sessions", "uncompact", id)
      assert.deepStrictEqual(again, {
        code: 0,
        stdout: "",
        stderr: "The latest compaction is undone: later requests will contain what it had left out\n"
      })
    })
  )

  it.live("takes rounds back and brings them back, and marks them in the session", () =>
    Effect.gen(function* () {
      const it = yield* here
      const id = yield* talked(it)
      yield* say(it, "-c", "two")
      const undone = yield* it.run("sessions", "undo", id)
      assert.deepStrictEqual([undone.code, undone.stdout], [0, ""])
      assert.strictEqual(undone.stderr, 'Undone: r2 "two"\nFiles that tools have changed stay as they are\n')
      const shown = (yield* it.run("sessions", "show", id)).stdout
      assert.match(shown, /── r1 {2}\S+ \S+ {2}completed/)
      assert.match(shown, /── r2 {2}\S+ \S+ {2}undone, completed/)
      assert.notInclude((yield* it.run("context", "-c", "next")).stdout, "two")
      assert.strictEqual((yield* it.run("sessions", "redo", id)).stderr, 'In effect again: r2 "two"\n')
      assert.include((yield* it.run("context", "-c", "next")).stdout, "two")
      const twice = yield* it.run("sessions", "redo", id)
      assert.deepStrictEqual([twice.code === 0, twice.stderr.includes("nothing to redo")], [false, true])
      assert.strictEqual((yield* it.run("sessions", "undo", id, "--rounds", "2")).code, 0)
      assert.include((yield* it.run("sessions", "undo", id)).stderr, "no round to undo")
    })
  )

  it.live("forks a session after any round, and tells where a fork comes from", () =>
    Effect.gen(function* () {
      const it = yield* here
      const id = yield* talked(it)
      yield* say(it, "-c", "two")
      const forked = yield* it.run("sessions", "fork", id, "--at", "r1")
      assert.strictEqual(forked.code, 0, forked.stderr)
      const fork = forked.stdout.trim()
      assert.strictEqual(
        forked.stderr,
        `Forked ${id} with its rounds up to r1; it is unchanged. To continue: parley run -s ${fork}\n`
      )
      yield* say(it, "-s", fork, "three")
      const shown = (yield* it.run("sessions", "show", fork)).stdout
      assert.include(shown, `fork of ${id} after r1\n`)
      assert.match(shown, /── r1 {2}\S+ \S+ {2}copied, completed[\s\S]*── r2 {2}\S+ \S+ {2}completed\n> three/)
      assert.include((yield* it.run("sessions", "list")).stdout, `(fork of ${id} after r1)`)
      const empty = yield* it.run("sessions", "fork", id, "--at", "0")
      assert.include(empty.stderr, `Forked ${id} before its first round`)
      const wrong = yield* it.run("sessions", "fork", id, "--at", "last")
      assert.deepStrictEqual([wrong.code, wrong.stdout], [2, ""])
      assert.include(wrong.stderr, "last: expected a round such as r3")
    })
  )

  it.live("shows all files as they are now, before the conversation, after a refresh", () =>
    Effect.gen(function* () {
      const it = yield* here
      it.write("a.md", "alpha")
      it.write(".parley/context.json", '{ "include": ["a.md"] }')
      const id = yield* talked(it)
      it.write("a.md", "beta")
      const next = Effect.map(it.run("context", "-s", id, "again"), ({ stdout }) => stdout.split("=== message 1"))
      const [before = "", conversation = ""] = yield* next
      assert.include(before, "alpha")
      assert.include(conversation, "beta")
      assert.strictEqual((yield* it.run("sessions", "refresh", id)).code, 0)
      const [refreshed = "", since = ""] = yield* next
      assert.include(refreshed, "beta")
      assert.notInclude(refreshed, "alpha")
      assert.notInclude(since, "beta")
    })
  )

  it.live("recovers nothing if no round was left open, as text and as JSON", () =>
    Effect.gen(function* () {
      const it = yield* here
      yield* talked(it)
      assert.deepStrictEqual(yield* it.run("recover"), { code: 0, stdout: "", stderr: "Nothing to recover\n" })
      assert.deepStrictEqual(yield* it.run("recover", "-f", "json"), { code: 0, stdout: "[]\n", stderr: "" })
    })
  )

  it.live("copies the sessions of all workspaces into a file that does not exist yet", () =>
    Effect.gen(function* () {
      const it = yield* here
      const early = yield* it.run("sessions", "backup", "copy.db")
      assert.deepStrictEqual([early.code, early.stdout], [2, ""])
      yield* talked(it)
      const done = yield* it.run("sessions", "backup", "copy.db")
      assert.deepStrictEqual([done.code, done.stdout], [0, `${it.workspace}/copy.db\n`])
      assert.match(done.stderr, /^Copied and verified the sessions of all workspaces/)
      const again = yield* it.run("sessions", "backup", "copy.db")
      assert.deepStrictEqual([again.code, again.stdout], [2, ""])
      assert.match((yield* it.run("sessions", "backup", " ")).stderr, /The name of the backup file is empty/)
    })
  )
})

describe("the settings of a session", () => {
  it.live("are chosen in a conversation, shown, and overridden by the flags of a command", () =>
    Effect.gen(function* () {
      const here = yield* place
      const chat = yield* here.run(["chat", "-m", "demo/demo"], { input: "hello\n/model demo/other\nhello\n" })
      assert.strictEqual(chat.code, 0, chat.stderr)
      yield* here.run(["run", "--no-stdin", "-c", "two"])
      yield* here.run(["run", "--no-stdin", "-c", "-m", "demo/demo", "three"])
      const [info] = decodeInfos((yield* here.run(["sessions", "list", "-f", "json"])).stdout)
      const shown = (yield* here.run(["sessions", "show", info?.id ?? ""])).stdout
      assert.include(shown, "model: demo/other\n")
      assert.deepStrictEqual(
        [...shown.matchAll(/(r\dt1) {2}demo\/(\w+)/g)].map(([, turn, model]) => `${turn} ${model}`),
        ["r1t1 demo", "r2t1 other", "r3t1 other", "r4t1 demo"]
      )
    })
  )
})
