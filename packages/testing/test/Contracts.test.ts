import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as McpManagerContract from "../src/contract/McpManagerContract.ts"
import * as ModelsManagerContract from "../src/contract/ModelsManagerContract.ts"
import * as SessionManagerContract from "../src/contract/SessionManagerContract.ts"
import { words } from "../src/contract/ContractRule.ts"
import { holds } from "../src/contract/ContractSuite.ts"
import { all } from "./planted/all.ts"
import * as PlantedModels from "./planted/PlantedModels.ts"
import * as PlantedSessions from "./planted/PlantedSessions.ts"
import * as PlantedTools from "./planted/PlantedTools.ts"

for (const { bug, reports, suite, violations } of all)
  it.live(`the contract of ${suite} finds a manager that ${bug}`, () =>
    Effect.map(violations, ([first]) => {
      assert.isDefined(first)
      if (first === undefined) return
      assert.match(first.problem, reports, words(first))
      assert.isNotEmpty(first.program)
      assert.notStrictEqual(first.expected, first.received)
      assert.match(words(first), /\n {2}1\. .*\n {2}expected: .+\n {2}received: .+$/s)
      assert.notMatch(words(first), /…\(|\[object/)
    })
  )

describe("the contracts", () => {
  it("fail the test of a rule with the whole report", () => {
    const violation = { rule: "r", runs: 1, problem: "It broke.", program: ["do", "this"], expected: "a", received: "" }
    assert.doesNotThrow(() => holds(undefined))
    assert.throws(() => holds(violation), "It broke.\n  1. do\n  2. this\n  expected: a\n  received: nothing")
  })

  it.live("find nothing in the correct managers that the bugs were planted in", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* SessionManagerContract.check(PlantedSessions.correct), [])
      assert.deepStrictEqual(yield* McpManagerContract.check(PlantedTools.correct), [])
      assert.deepStrictEqual(yield* ModelsManagerContract.check(PlantedModels.correct), [])
    })
  )
})
