import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Samplings from "../src/consent/Samplings.ts"

const request = {
  server: "docs",
  calls: [],
  ask: true,
  system: "Be brief",
  messages: [{ role: "user" as const, content: [{ _tag: "Text" as const, text: "Hello" }] }],
  maxTokens: 50
}
/** Asks, with a person who types this line, or whose input ends. */
const answered = (line: string | undefined) => {
  const shown: Array<string> = []
  const show = (text: string) => Effect.sync(() => void shown.push(text))
  const dialogue = { show, read: () => Effect.succeed(line), interrupted: false }
  return Effect.map(Samplings.ask(request)(dialogue), (answer) => ({ answer, shown: shown.join("\n") }))
}

it.effect("a request to the model is shown with its server and its text, and sent only after a yes", () =>
  Effect.gen(function* () {
    const { answer, shown } = yield* answered("y")
    assert.deepStrictEqual(answer, { allowed: true })
    for (const part of ["docs", "Be brief", "Hello", "50 tokens"]) assert.include(shown, part)
    assert.deepStrictEqual((yield* answered("no, too long")).answer, {
      allowed: false,
      reason: "the user said no: too long"
    })
    for (const line of ["n", undefined])
      assert.deepStrictEqual((yield* answered(line)).answer, { allowed: false, reason: "the user said no" })
  })
)
