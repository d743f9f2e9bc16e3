import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { Case } from "../suite.ts"
import { kept, keeping } from "./kept.ts"
import { one, play, type Seen, variant } from "./kit.ts"
import { ended, words } from "./look.ts"
import { remote } from "./support/remote.ts"
import { promptly } from "../../packages/harness/src/time/promptly.ts"

const offering = (inputSchema: unknown) =>
  one({
    list: [
      [
        "result",
        {
          tools: [
            { name: "bad", inputSchema },
            { name: "echo", inputSchema: { type: "object" } }
          ]
        }
      ]
    ]
  })

/** A tool that cannot be offered to a model is dropped without affecting other tools. */
const dropped = (why: RegExp) => (seen: Seen) => {
  ended(/^Failed: There is no tool/, "Succeeded: {}")(seen)
  assert.deepStrictEqual(seen.offered[0], ["s__echo"])
  assert.strictEqual(seen.statuses["s"]?.state, "ready")
  assert.match(seen.statuses["s"]?.problem ?? "", /^1 tool left out: bad /)
  assert.match(seen.statuses["s"]?.problem ?? "", why)
}

const bad = (name: string, inputSchema: unknown, why: RegExp): Case =>
  variant("M15", name, { servers: offering(inputSchema), turns: [["s__bad", "s__echo"]], look: dropped(why) })

const elsewhere: Case = {
  id: "M15",
  name: "a reference to elsewhere",
  needs: ["linux"],
  run: Effect.gen(function* () {
    const at = yield* remote((out) => void out.end())
    yield* play({
      servers: offering({ type: "object", properties: { a: { $ref: at.url } } }),
      turns: [["s__bad", "s__echo"]],
      look: (seen) => {
        dropped(/refers to something elsewhere/)(seen)
        assert.deepStrictEqual(at.asked, [], "nobody asked there")
      }
    })
  })
}

/** With this text, matching the pattern would take practically forever. */
const evil = { s: `${"a".repeat(60)}!` }

const pattern = variant("M15", "a pattern that does not end", {
  servers: offering({ type: "object", properties: { s: { type: "string", pattern: "^(a+)+$" } } }),
  turns: [[["s__bad", evil], "s__echo"]],
  look: (seen) => {
    // The pattern is a valid regular expression. Only matching it is a problem.
    ended(`Succeeded: ${JSON.stringify(evil)}`, "Succeeded: {}")(seen)
    assert.deepStrictEqual(seen.offered[0], ["s__bad", "s__echo"])
    promptly(seen.millis, 15_000)
  }
})

const circle = { type: "object", properties: { a: { $ref: "#/$defs/a" } }, $defs: { a: { $ref: "#/$defs/a" } } }

/**
 * Structured content that violates the tool's output schema is shown only to the user, because a model would assume that it
 * is valid. The model receives the accompanying text with a note.
 */
const promised = (name: string, result: object, why: RegExp, isKept: boolean): Case =>
  variant("M18", name, {
    servers: one({
      tools: [
        {
          name: "act",
          inputSchema: { type: "object" },
          outputSchema: { type: "object", properties: { amount: { type: "number" } }, required: ["amount"] }
        },
        "echo"
      ],
      calls: { act: [["result", result]] }
    }),
    options: keeping,
    turns: [["s__act"], ["s__echo"]],
    look: (seen) => {
      ended(why, "Succeeded: {}")(seen)
      assert.match(
        words(seen.outcomes[0]),
        /^Succeeded: what it says\n\[The answer does not fit the tool's output schema/
      )
      for (const { body } of seen.received) assert.notInclude(body, "twelve")
      assert.deepStrictEqual(
        kept(seen.home).map((file) => file.includes("twelve")),
        isKept ? [true] : []
      )
    }
  })

const said = [{ type: "text", text: "what it says" }]

export const schemas: ReadonlyArray<Case> = [
  bad("not of type object", { type: "string" }, /input schema is not of type object/),
  bad(
    "a type that there is not",
    { type: "object", properties: { a: { type: "text" } } },
    /a type that does not exist/
  ),
  bad("a reference in a circle", circle, /goes in a circle/),
  elsewhere,
  bad("6 MB", { type: "object", description: "$large" }, /too large or too deep/),
  bad("ten thousand levels", { type: "object", not: "$deep" }, /too large or too deep/),
  pattern,
  promised(
    "another type than declared",
    { content: said, structuredContent: { amount: "twelve" } },
    /at \/amount: .*number/,
    true
  ),
  promised("no structured content", { content: said }, /it demands structured content, and none came/, false)
]
