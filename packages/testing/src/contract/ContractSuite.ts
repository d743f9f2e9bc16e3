import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type Rule, type Violation, words } from "./ContractRule.ts"

/** Fails the test of a rule with the whole report of its violation. */
export const holds = (violation: Violation | undefined): void => {
  if (violation !== undefined) assert.fail(words(violation))
}

/** One test for each rule, each with a subject of its own. They run with the real clock. */
export const register = <Subject>(
  name: string,
  rules: ReadonlyArray<Rule<Subject>>,
  subject: Effect.Effect<Subject, never, Scope.Scope>
): void => {
  describe(name, () => {
    for (const { find, title } of rules) it.live(title, () => Effect.map(Effect.flatMap(subject, find), holds))
  })
}
