import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { text, textOf } from "../src/Content.ts"
import { callId, roundId, SessionId } from "../src/Ids.ts"
import { failed, fromOutput, ToolDefinition, type ToolOutcome, toResult, unknown } from "../src/Tool.ts"
import { ToolError, toOutcome } from "../src/ToolError.ts"
import { ToolPolicy } from "../src/ToolPolicy.ts"

const id = callId(roundId(1), 1)
const tool: ToolDefinition = { name: "s__t", server: "s", tool: "t", description: "", inputSchema: {} }
const told = (outcome: ToolOutcome) => {
  const { callId, content, isError } = toResult(id, outcome)
  return [callId, isError, textOf(content)]
}
const content = [text("done")]

describe("the outcome of a call", () => {
  it("reaches the model as a text that never changes", () => {
    assert.deepStrictEqual(told({ _tag: "Succeeded", content }), [id, false, "done"])
    assert.deepStrictEqual(told({ _tag: "Failed", content }), [id, true, "done"])
    assert.deepStrictEqual(told({ _tag: "Denied", reason: "no" }), [id, true, "Not run: no"])
    assert.deepStrictEqual(told({ _tag: "NotExecuted", reason: "late" }), [id, true, "Not run: late"])
    assert.deepStrictEqual(told({ _tag: "Unknown", reason: "gone" }), [
      id,
      true,
      "Outcome unknown: gone. It may have taken effect; verify before repeating it."
    ])
    assert.deepStrictEqual(told({ _tag: "Unknown", reason: "gone", safeToRepeat: true }), [
      id,
      true,
      "Outcome unknown: gone. It is safe to repeat."
    ])
  })

  it("is reported by the tool itself if it responds", () => {
    assert.deepStrictEqual(fromOutput({ isError: false, content }), { _tag: "Succeeded", content })
    assert.deepStrictEqual(fromOutput({ isError: true, content }), { _tag: "Failed", content })
  })

  it("is a failure if the call was not sent, and unknown if its end was not observed", () => {
    const error = (reason: "NotSent" | "Lost") => new ToolError({ tool: "s__t", reason, problem: "gone" })
    assert.deepStrictEqual(toOutcome(error("NotSent"), tool), failed("gone"))
    assert.deepStrictEqual(toOutcome(error("Lost"), tool), { _tag: "Unknown", reason: "gone" })
    assert.strictEqual(error("Lost").message, "s__t: gone")
  })

  it("says that a repetition is safe only if the user's configuration does", () => {
    assert.deepStrictEqual(unknown("gone", undefined), { _tag: "Unknown", reason: "gone" })
    for (const safeToRepeat of ["read-only", "idempotent"] as const)
      assert.deepStrictEqual(unknown("gone", { ...tool, safeToRepeat }), {
        _tag: "Unknown",
        reason: "gone",
        safeToRepeat: true
      })
  })
})

it("the text of content is that of its text blocks, concatenated", () => {
  const raw = { provider: "p", raw: "{}" }
  const blocks = [
    text("a"),
    { _tag: "Thinking" as const, text: "hidden", ...raw },
    { _tag: "Image" as const, mediaType: "image/png", data: "AAAA" },
    text("b\n")
  ]
  assert.strictEqual(textOf(blocks), "ab\n")
  assert.strictEqual(textOf([]), "")
})

it("a tool's name has at most 64 letters, digits, - and _", () => {
  const named = (name: string) => Schema.is(ToolDefinition)({ ...tool, name })
  for (const name of ["a", "A-9_z", "x".repeat(64)]) assert.isTrue(named(name), name)
  for (const name of ["", "a.b", "a b", "ä", "a\n", "x".repeat(65)]) assert.isFalse(named(name), name)
})

it.effect("without a policy every call may run, and questions are denied", () =>
  Effect.gen(function* () {
    const policy = yield* ToolPolicy
    assert.strictEqual(policy.rule(tool, { tainted: true }, {}), "allow")
    const decision = yield* policy.ask({
      sessionId: SessionId.make("s"),
      roundId: roundId(1),
      callId: id,
      tool,
      input: {}
    })
    assert.deepStrictEqual(decision, { allowed: false, reason: "nobody is there to be asked" })
  })
)
