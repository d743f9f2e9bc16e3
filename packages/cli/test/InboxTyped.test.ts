import { replies } from "@parley/harness/model"
import { watched, world } from "@parley/harness/world"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as InboxLines from "../src/chat/InboxLines.ts"
import * as Lines from "../src/terminal/Lines.ts"
import * as Person from "../src/consent/Person.ts"
import { fakeTerminal } from "./support/FakeTerminal.ts"
import { kinds, quiet } from "./support/QuestionKinds.ts"
import { eventually } from "./support/Terminal.ts"

/** Whether the prompt is the last thing on the terminal. */
const prompt = (output: string) => output.endsWith("> \u001b[3G")
const idIn = (output: string) => /session (ses_\w+)/.exec(output)?.[1] ?? ""

describe("a message that is sent during a round", () => {
  it.live("waits, reaches the model with its next request or as a round of its own, and is shown", () =>
    Effect.gen(function* () {
      const here = yield* world()
      const running = yield* here.terminal(["chat"], { wrap: watched })
      yield* running.shows(prompt)
      const id = idIn(running.output())
      yield* running.type("phase:text\r")
      yield* running.shows(replies.half)
      yield* running.type("typed meanwhile\r")
      yield* running.shows("p1 waits and is sent with the next request to the model; /withdraw p1 takes it back")
      yield* running.type("/queue typed for later\r")
      yield* running.shows("p2 waits and is sent as a round of its own")
      // Another terminal.
      const sent = yield* here.run(["send", id, "sent from elsewhere"])
      assert.deepStrictEqual([sent.status, sent.stdout], [0, ""], sent.stderr)
      assert.match(
        sent.stderr,
        /p3 is sent with the next request to the model\n.*p3 waits: the session is in use by process/
      )
      here.model.release(", and the rest.")
      yield* running.shows(
        /» typed meanwhile[^]*» sent from elsewhere[^]*» typed for later[^]*All is well\.[^]*> [^\n]*$/
      )
      yield* running.type("\u0004")
      const { status, stdout } = yield* running.ended
      assert.strictEqual(status, 0, stdout)
      const ends = here.model.bodies.map((body) =>
        ["phase:text", "typed meanwhile", "sent from elsewhere", "typed for later"].filter((text) =>
          body.includes(text)
        )
      )
      assert.deepStrictEqual(ends, [
        ["phase:text"],
        ["phase:text", "typed meanwhile", "sent from elsewhere"],
        ["phase:text", "typed meanwhile", "sent from elsewhere", "typed for later"]
      ])
      const shown = (yield* here.run(["sessions", "show", id])).stdout
      assert.match(
        shown,
        /r1 .*completed[^]*and the rest\.\n> typed meanwhile {2}\(p1, sent during the round\)\n> sent from elsewhere {2}\(p3, sent during the round\)\n[^]*r2 .*completed\n> typed for later\n/
      )
    }).pipe(Effect.scoped)
  )

  it.live("can be withdrawn, stays when the round is cancelled, and is delivered by the next command", () =>
    Effect.gen(function* () {
      const here = yield* world()
      const running = yield* here.terminal(["chat"], { wrap: watched })
      yield* running.shows(prompt)
      const id = idIn(running.output())
      yield* running.type("phase:text\r")
      yield* running.shows(replies.half)
      yield* running.type("first\r")
      yield* running.shows("p1 waits")
      yield* running.type("second\r")
      yield* running.shows("p2 waits")
      yield* running.type("\u0003")
      yield* running.shows(/parley: cancelled\r\n[^]*> [^\n]*$/)
      yield* running.type("/withdraw\r")
      yield* running.shows("p2 is withdrawn")
      yield* running.type("/inbox\r")
      yield* running.shows("p1 (steer): first")
      yield* running.type("\u0004")
      yield* running.ended
      const { status, stderr, stdout } = yield* here.run(["run", "--session", id, "third"])
      assert.deepStrictEqual([status, stdout], [0, `${replies.whole}\n`], stderr)
      assert.match(stderr, /» first \(a message that waited, r2\)/)
      const rounds = [...(yield* here.run(["sessions", "show", id])).stdout.matchAll(/^> (.*)$/gm)].map(
        ([, text]) => text
      )
      assert.deepStrictEqual(rounds, ["phase:text", "first", "third"])
      const idle = yield* here.run(["send", id, "--queue", "fourth"])
      assert.deepStrictEqual([idle.status, idle.stdout], [0, `${replies.whole}\n`], idle.stderr)
    }).pipe(Effect.scoped)
  )
})

it("a line is sent to the running round, as a round of its own, or read after the round", () => {
  const meaning = (line: string) => InboxLines.meaning(line)?.delivery
  assert.deepStrictEqual(
    ["text", " text", "/queue text", "/queue", "/queue ", "/compact", " /server:prompt", "", "  "].map(meaning),
    ["steer", "steer", "queue", ...Array.from({ length: 6 }, () => undefined)]
  )
})

describe("a line typed while no call waits for one", () => {
  it.live("is taken unless it is a command, and never answers a question or comes from one", () =>
    Effect.gen(function* () {
      const kind = Object.values(kinds)[0] ?? assert.fail("there is a kind of question")
      const screen = fakeTerminal(true)
      const lines = yield* Effect.acquireRelease(
        Effect.sync(() => Lines.open(undefined, screen.terminal)),
        (lines) => Effect.sync(lines.close)
      )
      const taken: Array<string> = []
      let answered: unknown
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* lines.meanwhile((line) => !line.startsWith("/") && taken.push(line) > 0)
          yield* screen.type("one\r")
          yield* eventually("the line is taken", () => taken.length === 1, screen.screen)
          yield* screen.type(`${kind.consent}\r`)
          const asking = Person.make(lines)
          yield* Effect.forkScoped(
            Effect.tap(kind.ask(asking), (answer) => Effect.sync(() => void (answered = answer))),
            { startImmediately: true }
          )
          yield* screen.shows(kind.first?.prompt ?? kind.prompt)
          if (kind.first !== undefined) {
            yield* screen.type(`${kind.first.line}\r`)
            yield* screen.shows(kind.prompt)
          }
          assert.isUndefined(answered, "what was typed before the question does not answer it")
          yield* screen.type(`${kind.consent}\r`)
          yield* eventually("the answer", () => answered !== undefined, screen.screen)
          assert.deepStrictEqual(taken, ["one", kind.consent], "the answer is not a message")
          yield* screen.type("/later\r")
          yield* screen.type("after a command\r")
          yield* eventually("both lines wait", () => lines.early(), screen.screen)
          assert.strictEqual(taken.length, 2, "what follows a command waits for it")
        })
      )
      // A command keeps its place: what was typed after it is read after it.
      assert.deepStrictEqual([yield* lines.next("> "), yield* lines.next("> ")], ["/later", "after a command"])
    }).pipe(Effect.scoped, Effect.provide(quiet))
  )
})
