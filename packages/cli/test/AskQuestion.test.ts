import { assert, describe, it } from "@effect/vitest"
import { CallId, QuestionId } from "@parley/domain/Ids"
import type { QuestionSubject } from "@parley/domain/Question"
import { Effect } from "effect"
import * as AskQuestion from "../src/consent/AskQuestion.ts"
import type { Person } from "../src/consent/Person.ts"
import { Output } from "../src/output/Output.ts"

/** A person who types these lines, and what was shown. */
const typing = (...lines: ReadonlyArray<string>) => {
  const shown: Array<string> = []
  const left = [...lines]
  const note = (text: string) => Effect.sync(() => void shown.push(text))
  const person: Person = {
    available: true,
    asking: () => false,
    ask: (question) =>
      question({
        interrupted: false,
        show: note,
        read: (prompt) => Effect.as(note(prompt), left.shift())
      })
  }
  const ask = (subject: QuestionSubject) => {
    const question = { questionId: QuestionId.make("r1t1c1q1"), callId: CallId.make("r1t1c1"), subject }
    const secretRead = (_tool: string, { path }: { readonly path?: unknown }) =>
      path === ".env" ? { path: ".env", why: "settings" } : undefined
    return AskQuestion.at(
      person,
      secretRead
    )(question).pipe(Effect.provideService(Output, { text: note, line: note, note, aside: note, ask: note }))
  }
  return { ask, shown: () => shown.join("\n") }
}
const tool = { name: "workspace__read_file", server: "workspace", tool: "read_file" }

describe("a question of another process", () => {
  it.effect("about a tool call shows its input, and is answered for the scope that was chosen", () =>
    Effect.gen(function* () {
      const approval = { _tag: "Approval" as const, tool, input: { path: "a.md" }, hash: "h" }
      for (const [line, answer] of [
        ["y", { allowed: true, scope: "once" }],
        ["a", { allowed: true, scope: "session" }],
        ["p", { allowed: true, scope: "project" }],
        ["no, later", { allowed: false, reason: "the user said no: later" }]
      ] as const) {
        const { ask, shown } = typing(line)
        assert.deepStrictEqual(yield* ask(approval), answer)
        assert.include(shown(), '"a.md"')
      }
    })
  )

  it.effect("about a file that may hold secrets says so, and can be allowed once only", () =>
    Effect.gen(function* () {
      const { ask, shown } = typing("p", "y")
      const approval = { _tag: "Approval" as const, tool, input: { path: ".env" }, hash: "h" }
      assert.deepStrictEqual(yield* ask(approval), { allowed: true, scope: "once" })
      assert.include(shown(), ".env")
      assert.include(shown(), "may hold secrets")
    })
  )

  it.effect("of a server names the server", () =>
    Effect.gen(function* () {
      const sampling = { _tag: "Sampling" as const, server: "net", system: "", messages: [], maxTokens: 5 }
      const one = typing("y")
      assert.deepStrictEqual(yield* one.ask(sampling), { allowed: true, scope: "once" })
      assert.include(one.shown(), "net")
      const two = typing("n")
      const url = { _tag: "Url" as const, server: "net", message: "", url: "https://a.example/", host: "a.example" }
      assert.deepStrictEqual(yield* two.ask(url), { _tag: "Decline" })
      assert.include(two.shown(), "a.example")
    })
  )
})
