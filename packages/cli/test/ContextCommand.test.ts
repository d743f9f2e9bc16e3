import { assert, describe, it } from "@effect/vitest"
import { RequestContext, SessionContext, Wire } from "@parley/domain/SessionContext"
import { Effect, Option, Schema } from "effect"
import { type Here, here } from "./support/InProcess.ts"

const decodeNext = Schema.decodeSync(Schema.fromJsonString(SessionContext))
const decodeSent = Schema.decodeSync(Schema.fromJsonString(RequestContext))
const isWire = (text: string) => Option.isSome(Schema.decodeUnknownOption(Schema.fromJsonString(Wire))(text))

const world = Effect.gen(function* () {
  const it = yield* here
  it.write("a.md", "alpha")
  it.write("b.md", "beta")
  it.write(".parley/context.json", '{ "include": ["a.md"] }')
  return it
})
const say = (it: Here, ...words: ReadonlyArray<string>) => it.run("run", "--no-stdin", "-m", "demo/demo", ...words)
const text = (it: Here, ...args: ReadonlyArray<string>) =>
  Effect.map(it.run("context", ...args), ({ stdout }) => stdout)

describe("parley context", () => {
  it.live("shows the next request with the given message, and stores no session", () =>
    Effect.gen(function* () {
      const it = yield* world
      const next = decodeNext(yield* text(it, "-f", "json", "What", "now?"))
      assert.deepStrictEqual(next.messages.at(-1)?.content.at(-1), { _tag: "Text", text: "What now?" })
      assert.notInclude(yield* text(it), "What now?")
      assert.strictEqual((yield* it.run("sessions", "list", "-f", "json")).stdout, "[]\n")
      yield* say(it, "hello")
      assert.include(yield* text(it, "-c"), "hello")
      assert.notInclude(yield* text(it), "hello", "without --continue it is a new session")
    })
  )

  it.live("explains why a path or source is, or is not, part of the request", () =>
    Effect.gen(function* () {
      const it = yield* world
      const why = (what: string) => text(it, "--why", what)
      const found = yield* why("a.md")
      assert.notInclude(found, "is not part of the request")
      assert.include(found, "a.md")
      assert.strictEqual((yield* why("file:a.md")).split("\n")[0], found.split("\n")[0])
      const absent = yield* why("b.md")
      assert.match(absent, /^b\.md is not part of the request\.\nb\.md is not in the context/)
      assert.match(yield* why("no\nsuch"), /^"no\\nsuch" is not part of the request\./)
      for (const flags of [
        ["--why", "a.md"],
        ["-c", "--diff", "r1"]
      ]) {
        const json = yield* it.run("context", ...flags, "-f", "json")
        assert.deepStrictEqual([json.code, json.stdout], [2, ""], "there is no JSON of it")
        assert.match(json.stderr, /do not combine them with --format json/)
      }
    })
  )

  it.live("needs a session to show a sent request, and shows it by its turn", () =>
    Effect.gen(function* () {
      const it = yield* world
      for (const flag of ["--diff", "--turn"]) {
        const refused = yield* it.run("context", flag, "r1")
        assert.strictEqual(refused.code, 2, flag)
        assert.match(refused.stderr, /--diff and --turn need a session: add --continue or --session ID/)
      }
      yield* say(it, "first words")
      yield* say(it, "-c", "second words")
      const sent = yield* text(it, "-c", "--turn", "r1t1", "-f", "json")
      assert.include(sent, "first words")
      assert.notInclude(sent, "second words")
      assert.strictEqual(Schema.is(SessionContext)(decodeSent(sent)), false, "it is what was sent, not what is next")
      assert.include(yield* text(it, "-c", "--turn", "r2t1"), "second words")
      const added = (...args: ReadonlyArray<string>) =>
        Effect.map(text(it, ...args, "third words"), (diff) => diff.match(/(?:request|answer):.*/g) ?? [])
      const diff = yield* added("-c", "--diff", "r1")
      assert.deepStrictEqual(diff, [
        "answer:r1t1: said in r1",
        "request: said in r2",
        "answer:r2t1: said in r2",
        "request: the user says it"
      ])
      assert.deepStrictEqual(yield* added("-c", "--diff", "r2"), diff.slice(2))
      const [id] = /ses_\w+/.exec((yield* it.run("sessions", "list")).stdout) ?? []
      assert.deepStrictEqual(yield* added("-s", id ?? "", "--diff", "r1"), diff)
    })
  )

  it.live("shows the request body, with the source of every byte or as JSON", () =>
    Effect.gen(function* () {
      const it = yield* world
      it.configure({ providers: { anthropic: { apiKey: "test-key" } }, model: "anthropic/claude-sonnet-5-5" })
      const shown = yield* it.run("context", "--bytes", "hi there")
      assert.strictEqual(shown.code, 0, shown.stderr)
      assert.include(shown.stdout, "hi there")
      assert.isFalse(isWire(shown.stdout))
      const json = yield* text(it, "--bytes", "-f", "json", "hi there")
      assert.isTrue(isWire(json.trimEnd()))
      assert.notInclude(shown.stdout + json, "test-key")
    })
  )
})
