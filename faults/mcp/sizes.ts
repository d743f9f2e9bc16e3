import { assert } from "@effect/vitest"
import type { Case } from "../suite.ts"
import { one, type Seen, variant } from "./kit.ts"
import { kept, keeping } from "./kept.ts"
import { ended, starts, words } from "./look.ts"
import type { Step } from "./support/script.ts"

/** Only a part of a large result is shown, all of it is kept in a file, and the connection remains usable. */
const sized = (
  name: string,
  act: Step,
  look: (outcome: string, files: ReadonlyArray<Buffer>, seen: Seen) => void
): Case =>
  variant("M10", name, {
    servers: one({ calls: { act: [act] } }),
    options: keeping,
    turns: [["s__act"], [["s__echo", { n: 1 }]]],
    look: (seen) => {
      ended(/./, 'Succeeded: {"n":1}')(seen)
      const outcome = words(seen.outcomes[0])
      assert.isAtMost(outcome.length, 70_000)
      for (const { body } of seen.received) assert.isAtMost(body.length, 80_000)
      assert.strictEqual(starts(seen.notes), 1)
      assert.strictEqual(seen.statuses["s"]?.restarts, undefined)
      look(outcome, kept(seen.home), seen)
    }
  })

const text = (name: string, times: number): Case =>
  sized(name, ["answer", "0123456789", times], (outcome, files) => {
    assert.match(
      outcome,
      /^Succeeded: 0123456789[0-9]*.*\n?\[… \d+ bytes left out here …\]\n?.*0123456789\n?\[The result/s
    )
    assert.deepStrictEqual(
      files.map((file) => file.equals(Buffer.from("0123456789".repeat(times)))),
      [true]
    )
  })

export const sizes: ReadonlyArray<Case> = [
  text("1 MB", 100_000),
  text("20 MB", 2_000_000),
  sized("100 MB", ["answer", "0123456789", 10_000_000], (outcome, files) => {
    assert.match(outcome, /^(Unknown|Failed): .*larger than 64 MiB and was not read/)
    assert.deepStrictEqual(files, [])
  }),
  sized("twenty thousand blocks", ["blocks", 20_000], (outcome, files, { outcomes }) => {
    assert.match(outcome, /19800 parts left out/)
    const [first] = outcomes
    assert.isAtMost(first !== undefined && "content" in first ? first.content.length : 0, 201)
    assert.strictEqual(files.length, 1)
    assert.match(String(files[0]), /^block 0\nblock 1\n[^]*\nblock 19999$/)
  }),
  sized(
    "structured content of 6 MB beside a few words",
    ["result", { content: [{ type: "text", text: "It is done." }], structuredContent: { rows: "$large" } }],
    (outcome, files) => {
      assert.match(outcome, /^Succeeded: It is done\.[^]*bytes left out here/)
      assert.strictEqual(files.length, 1)
      assert.include(String(files[0]), "A".repeat(6_000_000))
    }
  )
]
