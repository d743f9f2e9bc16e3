import { stdout } from "node:process"
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { missing, type Need } from "../packages/harness/src/disk/needs.ts"

/** One variant of a row of the fault catalogue: the injected fault and the expected result. */
export interface Case {
  /** The row: `P05`. */
  readonly id: string
  /** A description of the variant, unique in its row. */
  readonly name: string
  /** Requirements besides Node. If the machine lacks one, the case is skipped and that is printed. */
  readonly needs?: ReadonlyArray<Need>
  /** Fails, by an assertion or an error, unless Parley behaves as the row requires. Ends with the postconditions. */
  readonly run: Effect.Effect<void, unknown, Scope.Scope>
}

/** A row of the catalogue: its number of variants, and the reasons why some of them are not run. */
export interface Row {
  readonly id: string
  readonly fault: string
  readonly variants: number
  /** Its cases measure time or memory, so no other case of a concurrent suite runs at the same time. */
  readonly alone?: true
  /** Variants that are not run, each with the reason. They are printed and count as not passed. */
  readonly left?: ReadonlyArray<string>
}

/**
 * Runs the cases of one part of the catalogue and prints `passed/total`. A row with fewer cases than the catalogue requires
 * fails, unless the missing ones are listed in `left`.
 */
export const suite = (
  title: string,
  rows: ReadonlyArray<Row>,
  cases: ReadonlyArray<Case>,
  /** Independent cases that mostly wait may run concurrently. */
  options: { readonly concurrent?: boolean } = {}
): void => {
  const total = rows.reduce((sum, row) => sum + row.variants, 0)
  let passed = 0
  const left = [
    ...rows.flatMap((row) => (row.left ?? []).map((why) => `${row.id}: not run: ${why}`)),
    ...cases.flatMap(({ id, name, needs = [] }) => {
      const gone = missing(needs)
      return gone.length === 0 ? [] : [`${id}: not run: ${name}: this machine has no ${gone.join(" and no ")}`]
    })
  ]
  describe(title, () => {
    afterAll(() => stdout.write([`${title}: ${passed}/${total} passed`, ...left, ""].join("\n")))
    for (const row of rows) {
      const own = cases.filter(({ id }) => id === row.id)
      describe(`${row.id} ${row.fault}`, row.alone === true ? { concurrent: false } : {}, () => {
        it("has its cases", () => {
          assert.strictEqual(own.length + (row.left?.length ?? 0), row.variants)
          assert.strictEqual(new Set(own.map(({ name }) => name)).size, own.length, "names are unique")
        })
        for (const { name, needs = [], run } of own)
          it.live.skipIf(missing(needs).length > 0)(
            name,
            () =>
              Effect.andThen(
                run,
                Effect.sync(() => passed++)
              ),
            options
          )
      })
    }
    it("has no case outside of its rows", () => {
      const ids = new Set(rows.map(({ id }) => id))
      assert.deepStrictEqual(
        cases.filter(({ id }) => !ids.has(id)).map(({ id, name }) => `${id} ${name}`),
        []
      )
    })
  })
}
