import { assert, describe, it } from "@effect/vitest"
import * as Demo from "@parley/provider/Demo"
import * as Registry from "@parley/provider/Registry"
import { text } from "@parley/domain/Content"
import { Effect, Layer } from "effect"
import { questions } from "../src/Approvals.ts"
import { Output } from "../src/Output.ts"
import * as ServerAnswers from "../src/ServerAnswers.ts"

const quiet = Output.of({
  text: () => Effect.void,
  line: () => Effect.void,
  note: () => Effect.void,
  aside: () => Effect.void
})
const here = Layer.merge(Layer.succeed(Output, quiet), Registry.layer({ providers: [Demo.make()], unavailable: {} }))

/** Who answers for servers, where every question is answered by one line. */
const answering = (line: string) =>
  Effect.gen(function* () {
    const asked = questions(true)
    asked.lent = () => Effect.succeed(line)
    const { elicit, sample } = yield* ServerAnswers.make(asked)
    assert.isDefined(elicit)
    assert.isDefined(sample)
    return { elicit, sample }
  })

const form = { _tag: "Form", server: "s", message: "About you", fields: [] } as const
const address = { _tag: "Url", server: "s", message: "Sign in", url: "https://a.example/", host: "a.example" } as const
const sampling = {
  server: "s",
  ask: true,
  system: "",
  messages: [{ role: "user" as const, content: [text("Hello")] }],
  maxTokens: 50
}

describe("consent to what a server asks is a word of its own", () => {
  it.live("a line that was meant for somebody else is a no", () =>
    Effect.gen(function* () {
      for (const line of ["do not do that", "Don't", "only look", "yet another question", "yesterday", "", "n"]) {
        const { elicit, sample } = yield* answering(line)
        assert.strictEqual((yield* elicit(address))._tag, "Decline", line)
        assert.strictEqual((yield* elicit(form))._tag, "Decline", line)
        assert.strictEqual((yield* sample(sampling))._tag, "Declined", line)
      }
    }).pipe(Effect.provide(here))
  )

  it.live("the words that are offered are a yes, and so are their first letters", () =>
    Effect.gen(function* () {
      for (const line of ["d", " Done "])
        assert.strictEqual((yield* (yield* answering(line)).elicit(address))._tag, "Accept", line)
      for (const line of ["y", " YES "]) {
        const { elicit, sample } = yield* answering(line)
        assert.strictEqual((yield* elicit(form))._tag, "Accept", line)
        assert.strictEqual((yield* sample(sampling))._tag, "Answered", line)
      }
    }).pipe(Effect.provide(here))
  )
})
