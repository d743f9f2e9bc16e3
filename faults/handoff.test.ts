import { assert, describe, it } from "@effect/vitest"
import type { UserBlock } from "@parley/domain/Content"
import type { Message } from "@parley/domain/Message"
import { Fallbacks } from "@parley/session/Fallbacks"
import { Effect } from "effect"
import { serve } from "../packages/harness/src/provider/SseServer.ts"
import { hello, outcome } from "../packages/harness/src/wires/Outcome.ts"
import {
  type Answer,
  call,
  json,
  own,
  type Problem,
  reply,
  say,
  think,
  type Wire
} from "../packages/harness/src/wires/Step.ts"
import { modelOf, wireEngine } from "../packages/harness/src/wires/WireEngine.ts"
import { wires } from "../packages/harness/src/wires/wires.ts"
import { rules } from "./wires/rules.ts"

/** Ids that other providers do not accept, of which one is used twice. */
const odd = `call|fc_é ${"x".repeat(90)}`
const calling: Answer = {
  steps: [
    think("hm"),
    say("I look."),
    own,
    call("echo", '{"a":1,"a":2}', odd),
    call("9lives", "", "call_1"),
    call("a b", "{", odd)
  ]
}
const callingWhole: Answer = {
  steps: calling.steps.map((one) => (one._tag === "Call" && one.input === "{" ? { ...one, input: "{}" } : one))
}
const saying: Answer = { steps: [think("so"), say("Done.")] }
const quiet: Answer = { steps: [say("Fine.")] }
const one: Answer = { steps: [think("then"), call("echo", '{"b":1}', "toolu_1")] }

const image: ReadonlyArray<UserBlock> = [
  { _tag: "Text", text: "Look at this." },
  { _tag: "Image", mediaType: "image/gif", data: "R0lGODlhAAAA" },
  { _tag: "Document", mediaType: "application/pdf", data: "JVBERi0xLjc=" }
]

/** A server of the wire that signs with its own mark, and its provider. */
const server = (wire: Wire, id: string, mark: string, ...answers: ReadonlyArray<Answer | Problem>) =>
  Effect.map(
    serve(
      ...answers.map((answer) => (typeof answer === "string" ? wire.refuse(answer) : reply(wire, { ...answer, mark })))
    ),
    ({ received, url }) => ({
      provider: wire.make(url, id),
      bodies: () => received.map(({ body }) => body),
      /** The rules of the API that the requests to this server break. */
      broken: () => received.map(({ body }) => rules[wire.name](JSON.parse(body), [mark])),
      marks: () => received.map(({ body }) => body.split(mark).length - 1)
    })
  )

const [markOne, markTwo] = ["Zmlyc3QgbWFyaw==", "c2Vjb25kIG1hcms="]
/** Whether the API takes thinking back. */
const replays = ({ name }: Wire): boolean => name !== "OpenAI Chat"
/** Gemini cannot send input that is not JSON. */
const opening = (wire: Wire): Answer => (wire.name === "Gemini" ? callingWhole : calling)

describe("a session that changes its model sends only what the receiver accepts", () => {
  for (const from of wires)
    for (const to of wires) {
      it.live(`between rounds, from ${from.name} to ${to.name} and back`, () =>
        Effect.gen(function* () {
          const first = yield* server(from, "first", markOne, opening(from), saying, quiet)
          const second = yield* server(to, "second", markTwo, one, quiet)
          const { coordinator, sessions } = yield* wireEngine([first.provider, second.provider])
          const { id: sessionId } = yield* sessions.create({})
          const ask = (request: string | ReadonlyArray<UserBlock>, { provider }: typeof first) =>
            coordinator.handleMessage({ sessionId, request, model: modelOf(provider) })
          for (const [request, at] of [
            [image, first],
            ["And now?", second],
            ["And you?", first]
          ] as const)
            assert.strictEqual((yield* ask(request, at)).status, "completed")
          assert.deepStrictEqual(first.broken(), [[], [], []])
          assert.deepStrictEqual(second.broken(), [[], []])
          // Thinking comes back to the model that wrote it, and to no other.
          assert.strictEqual((first.marks().at(-1) ?? 0) > 0, replays(from), "the first model's thinking")
          assert.strictEqual((second.marks().at(-1) ?? 0) > 0, replays(to), "the second model's thinking")
          assert.notInclude(second.bodies().join(), markOne)
          assert.notInclude(first.bodies().join(), markTwo)
          for (const words of ["Look at this.", "I look.", "Done.", "And now?"])
            assert.include(second.bodies().at(-1), words)
        }).pipe(Effect.scoped)
      )

      it.live(`on a retry within a round, from ${from.name} to ${to.name}`, () =>
        Effect.gen(function* () {
          const first = yield* server(from, "first", markOne, opening(from), "overloaded")
          const second = yield* server(to, "second", markTwo, one, quiet)
          const { coordinator, sessions } = yield* wireEngine([first.provider, second.provider])
          const { id: sessionId } = yield* sessions.create({})
          const failed = yield* Effect.flip(
            coordinator.handleMessage({ sessionId, request: image, model: modelOf(first.provider) })
          )
          assert.strictEqual(failed._tag === "ModelError" ? failed.reason._tag : failed._tag, "Overloaded")
          const round = yield* coordinator.handleMessage({
            sessionId,
            request: "Go on.",
            model: modelOf(second.provider)
          })
          assert.strictEqual(round.status, "completed")
          assert.deepStrictEqual(second.broken(), [[], []])
          assert.notInclude(second.bodies().join(), markOne)

          // The same request to another provider, as soon as the results are there.
          const { turn } = yield* outcome((yield* server(from, "first", markOne, opening(from))).provider)
          const content = turn.blocks().filter((block) => !("raw" in block) || block.raw !== "")
          const results = content.flatMap((block) =>
            block._tag === "ToolCall"
              ? [{ _tag: "ToolResult" as const, callId: block.callId, isError: false, content: [] }]
              : []
          )
          const history: ReadonlyArray<Message> = [
            ...hello,
            {
              role: "assistant",
              content: from.name === to.name ? content.filter(({ _tag }) => _tag !== "Thinking") : content
            },
            { role: "user", content: results }
          ]
          const third = yield* server(to, "second", markTwo, quiet)
          assert.strictEqual((yield* outcome(third.provider, history, "r1t2")).end, "end")
          assert.deepStrictEqual(third.broken(), [[]])
        }).pipe(Effect.scoped)
      )

      it.live(`to a fallback model, from ${from.name} to ${to.name}`, () =>
        Effect.gen(function* () {
          const first = yield* server(from, "first", markOne, opening(from), "overloaded", quiet)
          const second = yield* server(to, "second", markTwo, one, quiet)
          const { coordinator, sessions } = yield* wireEngine([first.provider, second.provider])
          const { id: sessionId } = yield* sessions.create({})
          const ask = (request: string | ReadonlyArray<UserBlock>) =>
            Effect.provideService(
              coordinator.handleMessage({ sessionId, request, model: modelOf(first.provider) }),
              Fallbacks,
              [modelOf(second.provider)]
            )
          // A model of effect/ai reads only text, so it takes no conversation with images.
          const round = yield* ask(to.name === "effect/ai" ? "Look at this." : image)
          assert.deepStrictEqual(
            round.turns.map(({ model, status }) => `${model.provider} ${status}`),
            ["first completed", "first failed", "second completed", "second completed"]
          )
          assert.deepStrictEqual(
            (yield* ask("And now?")).turns.map(({ model }) => model.provider),
            ["first"]
          )
          assert.deepStrictEqual(first.broken(), [[], [], []])
          assert.deepStrictEqual(second.broken(), [[], []])
          assert.notInclude(second.bodies().join(), markOne)
          assert.notInclude(first.bodies().join(), markTwo)
          for (const words of ["Look at this.", "I look."]) assert.include(second.bodies().at(-1), words)
        }).pipe(Effect.scoped)
      )
    }
})

describe("a signature that the Gemini API refuses", () => {
  const wire = wires.find(({ name }) => name === "Gemini")
  const refused = (message: string) => json(400, { error: { code: 400, status: "INVALID_ARGUMENT", message } })
  for (const message of [
    "Corrupted thought signature.",
    "Function call is missing a thought_signature in functionCall parts."
  ])
    it.live(`costs one more request: ${message}`, () =>
      Effect.gen(function* () {
        if (wire === undefined) return assert.fail("there is no Gemini")
        const signed = { ...one, mark: markOne }
        const server = yield* serve(reply(wire, signed), reply(wire, quiet), refused(message), reply(wire, quiet))
        const provider = wire.make(server.url)
        const { coordinator, sessions } = yield* wireEngine([provider])
        const { id: sessionId } = yield* sessions.create({})
        const ask = (request: string) => coordinator.handleMessage({ sessionId, request, model: modelOf(provider) })
        yield* ask("one")
        const round = yield* ask("two")
        assert.deepStrictEqual(
          round.turns.map(({ status }) => status),
          ["failed", "completed"]
        )
        const bodies = server.received.map(({ body }) => body)
        assert.deepStrictEqual(
          bodies.map((body) => body.includes(markOne)),
          [false, true, true, false]
        )
        assert.deepStrictEqual(
          bodies.map((body) => rules.Gemini(JSON.parse(body), [markOne])),
          [[], [], [], []]
        )
      }).pipe(Effect.scoped)
    )
})
