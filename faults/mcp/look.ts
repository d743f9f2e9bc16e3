import { assert } from "@effect/vitest"
import { textOf } from "@parley/domain/Content"
import type { ToolOutcome } from "@parley/domain/Tool"
import type { Seen } from "./kit.ts"
import type { Note } from "./support/script.ts"

/** The outcome of a call, in one line. */
export const words = (outcome: ToolOutcome | undefined): string =>
  outcome === undefined ? "none" : `${outcome._tag}: ${"content" in outcome ? textOf(outcome.content) : outcome.reason}`

/** Asserts that the round completed and its calls had these outcomes. */
export const ended =
  (...expected: ReadonlyArray<string | RegExp>) =>
  ({ outcomes, round }: Pick<Seen, "outcomes" | "round">): void => {
    assert.strictEqual(round.status, "completed")
    assert.strictEqual(outcomes.length, expected.length)
    outcomes.forEach((outcome, i) => {
      const wanted = expected[i]
      if (typeof wanted === "string") {
        assert.strictEqual(words(outcome).slice(0, 500), wanted.slice(0, 500))
        assert.isTrue(words(outcome) === wanted, "and so is the rest")
      } else if (wanted !== undefined) assert.match(words(outcome), wanted)
    })
  }

/** How often the server was started. */
export const starts = (notes: ReadonlyArray<Note>, server = "s"): number =>
  notes.filter(({ name, pid }) => name === server && pid !== undefined).length

/** The number of ignored messages of a kind that the log reports: the first as a warning, and a total at the end. */
export const strays = ({ logged }: Pick<Seen, "logged">, kind: "wrote" | "sent"): number => {
  const about = logged.filter((line) => line.startsWith(`the MCP server s ${kind}`))
  assert.strictEqual(about.filter((line) => line.endsWith("; it was ignored")).length, 1)
  return Number(/, (\d+) times$/.exec(about.at(-1) ?? "")?.[1])
}
