import { assert, describe, it } from "@effect/vitest"
import type { Field } from "@parley/domain/ElicitationForm"
import { Effect } from "effect"
import * as Elicitations from "../src/consent/Elicitations.ts"

const flag = { _tag: "Flag", key: "share", title: "Share it", required: true } satisfies Field

/** Answers a form with one field, typing these lines until the input ends. */
const answered = (field: Field, lines: ReadonlyArray<string>) => {
  const typed = [...lines]
  const shown: Array<string> = []
  const dialogue = {
    show: (text: string) => Effect.sync(() => void shown.push(text)),
    read: () => Effect.sync(() => typed.shift()),
    interrupted: false
  }
  return Effect.map(
    Elicitations.ask({ _tag: "Form", server: "docs", calls: [], message: "A question", fields: [field] }, dialogue),
    (answer) => ({ answer, left: typed.length, shown })
  )
}

describe("a field of a form that is yes or no", () => {
  it.effect("takes the words and their first letters, in any case, and words after a no", () =>
    Effect.gen(function* () {
      for (const [line, share] of [
        ["y", true],
        [" YES ", true],
        ["n", false],
        ["No", false],
        ["no, never", false]
      ] as const) {
        const { answer } = yield* answered(flag, ["y", line])
        assert.deepStrictEqual(answer, { _tag: "Accept", content: { share } }, line)
      }
    })
  )

  it.effect("asks again after anything else", () =>
    Effect.gen(function* () {
      const { answer, left, shown } = yield* answered(flag, ["y", "yesterday", "nothing", "", "y", "unread"])
      assert.deepStrictEqual(answer, { _tag: "Accept", content: { share: true } })
      assert.strictEqual(left, 1)
      assert.lengthOf(
        shown.filter((line) => line.startsWith("  expected")),
        3
      )
    })
  )

  it.effect("is left out by an empty line if it may be", () =>
    Effect.gen(function* () {
      const optional = yield* answered({ ...flag, required: false }, ["y", ""])
      assert.deepStrictEqual(optional.answer, { _tag: "Accept", content: {} })
    })
  )
})
