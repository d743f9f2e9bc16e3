import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { lineLimit, LongLines } from "../src/terminal/LongLines.ts"
import { Pastes } from "../src/terminal/Pastes.ts"
import { eventually } from "./support/Terminal.ts"
import { promptly } from "@parley/harness/promptly"

/** What the line editor gets, and what a line with it means. */
const through = (chunks: ReadonlyArray<Buffer>) => {
  const pastes = new Pastes()
  let keys = ""
  for (const chunk of chunks) pastes.write(chunk)
  for (let piece = pastes.read(); piece !== null; piece = pastes.read()) keys += String(piece)
  return { keys, line: pastes.expand(keys) }
}

const paste = (text: string) => `\u001b[200~${text}\u001b[201~`

describe("pastes", () => {
  it("are replaced by a label and kept as text, including line feeds and keys of all kinds", () => {
    const text = "one\r\ntwo\rthree \u001b[A \u0003 \0 \u202e é😀"
    const { keys, line } = through([Buffer.from(`look: ${paste(text)} and ${paste("x\ny")}!`)])
    assert.strictEqual(keys, "look: [paste 1] and [paste 2]!")
    assert.strictEqual(line, "look: one\ntwo\nthree \u001b[A \u0003 \0 \u202e é😀 and x\ny!")
  })

  it("are the same however the terminal's bytes are split", () => {
    const bytes = Buffer.from(`é ${paste("😀\n\u001b[20 \u001b[201")} \u001b[A.`)
    for (let i = 1; i < bytes.length; i++) {
      // The mark of a paste that begins with a single escape key is seen too late to be one.
      if (bytes[i - 1] === 0x1b && bytes.subarray(i, i + 4).toString() === "[200") continue
      const { keys, line } = through([bytes.subarray(0, i), bytes.subarray(i)])
      assert.strictEqual(keys, "é [paste 1] \u001b[A.", `cut at ${i}`)
      assert.strictEqual(line, "é 😀\n\u001b[20 \u001b[201 \u001b[A.", `cut at ${i}`)
    }
  })

  it("without an end mark are ended by Ctrl-C or Ctrl-D, which then count as keys", () => {
    for (const key of ["\u0003", "\u0004"]) {
      const { keys, line } = through([Buffer.from("\u001b[200~one\ntwo"), Buffer.from(key), Buffer.from("x")])
      assert.strictEqual(keys, `[paste 1]${key}x`)
      assert.strictEqual(line, `one\ntwo${key}x`)
    }
  })

  it.live("without an end mark end after a time", () =>
    Effect.gen(function* () {
      const pastes = new Pastes(20)
      pastes.write(Buffer.from("\u001b[200~a word"))
      assert.isTrue(pastes.open)
      yield* eventually("the end of the paste", () => !pastes.open)
      assert.strictEqual(String(pastes.read()), "a word")
    })
  )

  it("with a line separator, which would end the line in the editor, are kept as text", () => {
    for (const text of ["a\u2028b", "a\u2029b"])
      assert.deepStrictEqual(through([Buffer.from(paste(text))]), { keys: "[paste 1]", line: text })
  })

  it("of a few words appear as if typed, and keys are passed on unchanged", () => {
    assert.deepStrictEqual(through([Buffer.from(`${paste("a word")}\u001b`)]), {
      keys: "a word\u001b",
      line: "a word\u001b"
    })
    assert.strictEqual(through([Buffer.from("[paste 1]")]).line, "[paste 1]")
  })

  it("are handled in time linear in their size", () => {
    const text = "a line of a log\n".repeat(300_000)
    const at = performance.now()
    const bytes = Buffer.from(paste(text))
    const chunks = Array.from({ length: Math.ceil(bytes.length / 4096) }, (_, i) =>
      bytes.subarray(i * 4096, (i + 1) * 4096)
    )
    assert.isTrue(through(chunks).line === text)
    promptly(performance.now() - at, 5000)
  })

  it("and lines of a pipe are kept up to a limit, and later lines are complete", () => {
    const lines = new LongLines()
    const long = "x".repeat(7_000_000)
    let kept = ""
    lines.on("data", (data: Buffer) => (kept += data.toString()))
    for (const piece of ["one\n", long, long, `${long}\ntwo\n${long}`, "\nthree\n"]) lines.write(piece)
    assert.deepStrictEqual(
      kept.split("\n").map((line) => [line.slice(0, 5), line.length]),
      [
        ["one", 3],
        ["xxxxx", lineLimit],
        ["two", 3],
        ["xxxxx", long.length],
        ["three", 5],
        ["", 0]
      ]
    )
  })
})
