import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import * as Lines from "../src/terminal/Lines.ts"
import type { Output } from "../src/output/Output.ts"
import * as Person from "../src/consent/Person.ts"
import { fakeTerminal } from "./support/FakeTerminal.ts"
import { type Answered, type Kind, kinds, quiet } from "./support/QuestionKinds.ts"
import { eventually } from "./support/Terminal.ts"

const paste = (text: string) => `\u001b[200~${text}\u001b[201~`
/** Shorter than the pause before a question is shown. */
const between = Effect.sleep(60)

/** A conversation that holds the terminal, and one question of that kind. */
const world = (kind: Kind, edits: boolean) =>
  Effect.gen(function* () {
    const screen = fakeTerminal(edits)
    const lines = yield* Effect.acquireRelease(
      Effect.sync(() => Lines.open(undefined, screen.terminal)),
      (lines) => Effect.sync(lines.close)
    )
    const questions = Person.make(lines)
    let answered: Answered | undefined
    const begin = Effect.map(
      Effect.forkChild(
        Effect.tap(kind.ask(questions), (answer) => Effect.sync(() => void (answered = answer))),
        {
          startImmediately: true
        }
      ),
      (fiber) => fiber
    )
    const shown = Effect.gen(function* () {
      if (kind.first !== undefined) {
        yield* screen.shows(kind.first.prompt)
        yield* screen.type(`${kind.first.line}\r`)
      }
      yield* screen.shows(kind.prompt)
    })
    const answer = Effect.andThen(
      eventually("the answer", () => answered !== undefined, screen.screen),
      Effect.sync(() => answered)
    )
    /** The line that the conversation gets next. */
    const chat = lines.next("chat> ")
    return { ...screen, kind, begin, shown, answer, chat, unanswered: () => answered === undefined }
  })
type World = Effect.Success<ReturnType<typeof world>>

const consents = ({ answer, kind, type }: World) =>
  Effect.gen(function* () {
    yield* type(`${kind.consent}\r`)
    assert.strictEqual((yield* answer)?.answer, "consent")
  })

/** Each way for input to arrive, and who has it. */
const ways: { readonly [way: string]: (world: World) => Effect.Effect<void, never, Output> } = {
  "a line typed before goes to the conversation": (it) =>
    Effect.gen(function* () {
      yield* it.type(`${it.kind.consent}\r`)
      yield* it.begin
      yield* it.shown
      assert.isTrue(it.unanswered())
      yield* consents(it)
      assert.strictEqual(yield* it.chat, it.kind.consent)
    }),
  "text typed just before the question appears goes to the conversation, and the question waits for it": (it) =>
    Effect.gen(function* () {
      yield* it.begin
      for (const key of `${it.kind.consent}\r${it.kind.consent}\r`) {
        yield* it.type(key)
        yield* between
      }
      assert.notInclude(it.screen(), it.kind.first?.prompt ?? it.kind.prompt)
      yield* it.shown
      yield* consents(it)
      assert.deepStrictEqual([yield* it.chat, yield* it.chat], [it.kind.consent, it.kind.consent])
    }),
  "half a line typed before stays the conversation's, and Enter alone is not an answer": (it) =>
    Effect.gen(function* () {
      yield* it.type("half")
      yield* it.begin
      yield* it.shown
      if (it.kind.free !== true) {
        yield* it.type("\r")
        yield* it.shows(it.kind.prompt, 2)
        assert.isTrue(it.unanswered())
      }
      yield* consents(it)
      yield* it.type(" a line\r")
      assert.strictEqual(yield* it.chat, "half a line")
    }),
  "a paste that began before and ends after is the conversation's": (it) =>
    Effect.gen(function* () {
      yield* it.type("\u001b[200~one ")
      yield* it.begin
      yield* Effect.sleep(400)
      assert.notInclude(it.screen(), it.kind.first?.prompt ?? it.kind.prompt)
      yield* it.type(`two\u001b[201~\r`)
      yield* it.shown
      yield* consents(it)
      assert.strictEqual(yield* it.chat, "one two")
    }),
  "a line typed after answers the question": (it) =>
    Effect.gen(function* () {
      yield* it.begin
      yield* it.shown
      yield* consents(it)
      yield* it.type("for the chat\r")
      assert.strictEqual(yield* it.chat, "for the chat")
    }),
  "a word pasted after and sent with Enter answers the question, and pasted lines do not": (it) =>
    Effect.gen(function* () {
      yield* it.begin
      yield* it.shown
      if (it.kind.free !== true) {
        yield* it.type(`${paste(`${it.kind.consent}\n${it.kind.consent}\n`)}\r`)
        yield* it.shows(it.kind.prompt, 2)
        assert.isTrue(it.unanswered())
      }
      yield* it.type(paste(it.kind.consent))
      yield* consents({ ...it, kind: { ...it.kind, consent: "" } })
    }),
  "of two lines at once, the first answers the question and the second goes to the conversation": (it) =>
    Effect.gen(function* () {
      yield* it.begin
      yield* it.shown
      yield* it.type(`${it.kind.consent}\ry\r`)
      assert.strictEqual((yield* it.answer)?.answer, "consent")
      const both = it.kind.free === true ? ["y"] : [yield* it.chat]
      assert.deepStrictEqual(both, ["y"])
    }),
  "an invalid answer asks again": (it) =>
    Effect.gen(function* () {
      if (it.kind.free === true) return
      yield* it.begin
      yield* it.shown
      for (const [i, line] of ["yesterday", "yes but", "do not", "only look", "yy", "ja"].entries()) {
        yield* it.type(`${line}\r`)
        yield* it.shows(it.kind.prompt, i + 2)
      }
      assert.isTrue(it.unanswered())
      yield* consents(it)
    }),
  "text typed for a cancelled question is discarded": (it) =>
    Effect.gen(function* () {
      const fiber = yield* it.begin
      yield* it.shown
      yield* it.type("ye")
      yield* between
      yield* Fiber.interrupt(fiber)
      yield* it.type("s\r")
      assert.strictEqual(yield* it.chat, "s")
      assert.isTrue(it.unanswered())
    }),
  "the end of input is not consent": (it) =>
    Effect.gen(function* () {
      yield* it.begin
      yield* it.shown
      yield* it.type("\u0004")
      assert.notStrictEqual((yield* it.answer)?.answer, "consent")
      assert.isUndefined(yield* it.chat)
    })
}

const editing = /paste|end of input/

describe("input answers only the question that it was typed for", () => {
  for (const [way, run] of Object.entries(ways))
    for (const edits of [true, false]) {
      if (!edits && editing.test(way)) continue
      it.live(`${way}${edits ? "" : ", also on a terminal without an editor"}`, () =>
        Effect.forEach(
          Object.entries(kinds),
          ([name, kind]) =>
            Effect.scoped(Effect.flatMap(world(kind, edits), run)).pipe(
              Effect.catchDefect((defect) => Effect.die(new Error(name, { cause: defect }))),
              Effect.provide(quiet)
            ),
          { concurrency: "unbounded", discard: true }
        )
      )
    }

  it.live("without a terminal, nothing is asked and nothing is read", () =>
    Effect.gen(function* () {
      const questions = Person.make()
      assert.isFalse(questions.available)
      for (const { ask } of Object.values(kinds)) {
        const answered = yield* Effect.exit(ask(questions))
        assert.isFalse(Exit.isSuccess(answered) && answered.value.answer === "consent")
      }
    }).pipe(Effect.provide(quiet))
  )
})
