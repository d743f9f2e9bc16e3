import { Session } from "@parley/domain/Session"
import { SessionContext, Wire } from "@parley/domain/SessionContext"
import { SessionInfo } from "@parley/domain/SessionInfo"
import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { type Place, place } from "./support/Cli.ts"
import { mind, unpaired } from "./support/Mind.ts"
import { keyed } from "./support/Provider.ts"

const of = <S extends Schema.ConstraintDecoder<unknown>>(schema: S) =>
  Schema.decodeEffect(Schema.fromJsonString(schema))

const goal = "Ship the red button by Friday"
const rule = "never touch main"

const configure = (here: Place, contextWindow: number, maxOutputTokens = 500) =>
  here.configure({
    model: "anthropic/claude-x",
    models: { "anthropic/claude-x": { contextWindow, maxOutputTokens } },
    dynamicContext: [{ id: "here", tool: "workspace__list_files" }]
  })

/** A session pushed past a window of 6000 tokens, by a command of its own for each message. */
const pushed = Effect.fnUntraced(function* (messages: number) {
  const model = yield* mind([goal, rule])
  const here = yield* place
  const env = keyed(model.url)
  const run = (...args: ReadonlyArray<string>) =>
    Effect.tap(here.run(args, { env }), ({ code, stderr }) => Effect.sync(() => assert.strictEqual(code, 0, stderr)))
  configure(here, 6000)
  here.write("notes.md", "An apple a day. ".repeat(150))
  here.write("src/a.md", "version 1")
  here.write(".parley/context.json", '{ "include": ["src/*.md"] }')
  yield* run("run", goal)
  const [info] = yield* of(Schema.Array(SessionInfo))((yield* run("sessions", "list", "-f", "json")).stdout)
  const id = info?.id ?? ""
  yield* run("sessions", "pin", id, rule)
  let notes = ""
  for (let n = 2; n <= messages; n++) {
    here.write("src/a.md", `version ${n}`)
    notes += (yield* run("run", "-s", id, `read it, number ${n}: ${"blah ".repeat(300)}`)).stderr
  }
  return { model, here, id, run, notes }
})

const talked = (context: SessionContext) =>
  context.messages.flatMap(({ content }) =>
    content.flatMap((block) => (block._tag === "Text" ? [...block.text.matchAll(/number (\d)/g)].map((m) => m[1]) : []))
  )

it.live("a session beyond a small window compacts, continues, keeps pinned texts, and undo restores the rest", () =>
  Effect.gen(function* () {
    const { here, id, model, notes, run } = yield* pushed(9)
    assert.match(notes, /Compacted: about \d+ → \d+ tokens \(.*\)\. To undo: parley sessions uncompact ses_/)
    assert.match(notes, /summarizing the earlier messages/)
    const { stdout } = yield* run("run", "-s", id, "what do you remember?")
    assert.include(stdout, `I remember: ${goal}, ${rule}.`)
    for (const body of model.bodies) {
      assert.deepStrictEqual(unpaired(body), [])
      assert.isAtMost(Math.ceil(body.length / 4), 5500)
    }
    assert.notInclude(model.bodies.at(-1), "number 3")

    // With room for all of it, nothing is compacted again.
    configure(here, 1_000_000)
    const next = Effect.flatMap(run("context", "-s", id, "-f", "json"), (ended) => of(SessionContext)(ended.stdout))
    assert.isBelow(talked(yield* next).length, 8)
    for (let left = 20; left > 0 && (yield* here.run(["sessions", "uncompact", id])).code === 0; left--);
    assert.deepStrictEqual(talked(yield* next), ["2", "3", "4", "5", "6", "7", "8", "9"])
    yield* run("run", "-s", id, "what do you remember?")
    assert.include(model.bodies.at(-1), "number 3")
  })
)

it.live("every sent byte has its source, and another process in another time zone rebuilds the same bytes", () =>
  Effect.gen(function* () {
    const { here, id, model, run } = yield* pushed(7)
    const { rounds } = yield* of(Session)((yield* run("sessions", "show", id, "-f", "json")).stdout)
    const turns = rounds.flatMap((round) => round.turns)
    assert.strictEqual(turns.length, model.bodies.length)
    configure(here, 100_000, 700)
    here.write("src/a.md", "something else by now")
    const elsewhere = { TZ: "Pacific/Kiritimati", LANG: "sv_SE.UTF-8", LC_ALL: "sv_SE.UTF-8" }
    for (const [i, turn] of turns.entries()) {
      if (turn.purpose !== undefined) continue
      const args = ["context", "-s", id, "--turn", turn.id, "--bytes", "-f", "json"]
      const ended = yield* here.run(args, { env: { ...keyed("http://127.0.0.1:1"), ...elsewhere } })
      const { body, spans } = yield* of(Wire)(ended.stdout)
      assert.strictEqual(body, model.bodies[i], `the request of ${turn.id}`)
      assert.strictEqual(spans[0]?.start, 0)
      assert.strictEqual(spans.at(-1)?.end, Buffer.byteLength(body))
      for (const [n, span] of spans.entries()) {
        assert.strictEqual(span.start, n === 0 ? 0 : spans[n - 1]?.end)
        assert.notMatch(span.source, /^(message|system$)/, "everything has a name of its own")
      }
    }
  })
)
