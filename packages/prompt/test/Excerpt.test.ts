import { assert, it } from "@effect/vitest"
import { Arbitrary, Effect, Schema } from "effect"
import { excerpt } from "../src/Excerpt.ts"

const pieces = Schema.Array(Schema.Literals(["a", "é", "€", "😀", "\ud83d", "\ude00", "\n"]))
const text = Arbitrary.schema(pieces.check(Schema.isMaxLength(60)))
const limit = Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 120 })))

const check = (whole: string, limit: number) => {
  const cut = excerpt(whole, limit)
  const bytes = Buffer.byteLength(whole)
  if (bytes <= limit) return assert.deepStrictEqual(cut, { text: whole, left: 0 })
  const note = `\n[… ${cut.left} of ${bytes} bytes are left out here …]\n`
  const at = cut.text.indexOf(note)
  const head = cut.text.slice(0, at)
  const tail = cut.text.slice(at + note.length)
  assert.isTrue(at >= 0 && whole.startsWith(head) && whole.endsWith(tail))
  assert.isAtMost(Buffer.byteLength(head) + Buffer.byteLength(tail), limit)
  assert.strictEqual(Buffer.byteLength(head) + Buffer.byteLength(tail) + cut.left, bytes)
  // Each half is filled as far as its next character allows.
  assert.isAtLeast(Buffer.byteLength(head), Math.ceil(limit / 2) - 3)
  assert.isAtLeast(Buffer.byteLength(tail), Math.floor(limit / 2) - 3)
  if (whole.isWellFormed()) assert.isTrue(cut.text.isWellFormed(), "a character is cut in two")
  return assert.deepStrictEqual(excerpt(whole, limit), cut)
}

it.effect.prop(
  "keeps the beginning and the end within the limit, splits no character, and counts what is left out",
  [text, limit],
  ([pieces, limit]) =>
    Effect.sync(() => {
      // What stands alone in the pieces may be whole once they are joined.
      check(pieces.join(""), limit)
      check(pieces.filter((piece) => piece.isWellFormed()).join(""), limit)
    }),
  { arbitrary: { runs: 1000 } }
)
