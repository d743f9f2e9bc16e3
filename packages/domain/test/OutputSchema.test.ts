import { assert, it } from "@effect/vitest"
import { toFailure } from "../src/Errors.ts"
import { OutputInvalid, problemText } from "../src/OutputSchema.ts"

const problems = Array.from({ length: 10 }, (_, i) => ({ path: i === 0 ? "" : `/${i}`, problem: `wrong ${i}` }))

it("the text of problems names the first ones with their places, and counts the others", () => {
  assert.strictEqual(problemText(problems.slice(0, 2)), "wrong 0; /1: wrong 1")
  const text = problemText(problems)
  assert.match(text, /; \/7: wrong 7; and 2 more$/)
})

it("an answer that does not follow its schema is stored with what is wrong, and not with its text", () => {
  const { error, message, reason } = toFailure(new OutputInvalid({ problems, text: "the whole answer" }))
  assert.deepStrictEqual([error, reason], ["OutputInvalid", undefined])
  assert.include(message, "/1: wrong 1")
  assert.notInclude(message, "the whole answer")
})
