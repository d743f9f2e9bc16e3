import type { Block, ResultContent } from "@parley/domain/Content"
import { callId, roundId, turnId } from "@parley/domain/Ids"
import { ModelError, Overloaded } from "@parley/domain/ModelError"
import type { ModelInfo, ModelRequest } from "@parley/domain/ModelsManager"
import { ScriptedModel } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as ModelFit from "../src/context/ModelFit.ts"
import { estimate } from "../src/context/RequestEstimate.ts"
import { ModelChain, withSkipped } from "../src/limits/ModelChain.ts"
import { SessionState } from "../src/log/SessionState.ts"
import { named } from "./support/FallbackWorld.ts"

const model = (letter: string, more: Partial<ModelInfo> = {}): ModelInfo => ({
  ref: named(letter),
  description: letter,
  ...more
})
const text: Block = { _tag: "Text", text: "Look" }
const image: ResultContent = { _tag: "Image", mediaType: "image/png", data: "iVBORw0KGgo=" }
const document: ResultContent = { _tag: "Document", mediaType: "application/pdf", data: "JVBERi0xLjc=" }
const result = (...content: ReadonlyArray<ResultContent>): Block => ({
  _tag: "ToolResult",
  callId: callId(turnId(roundId(1), 1), 1),
  isError: false,
  content
})
const asking = (...content: ReadonlyArray<Block>): ModelRequest => ({
  model: named("a"),
  system: "",
  tools: [],
  messages: [
    { role: "user", content },
    { role: "assistant", content: [text] },
    { role: "user", content: [text] }
  ]
})
const fit = (request: ModelRequest, info: ModelInfo) =>
  ModelFit.of(new SessionState(), request, info).pipe(Effect.provide(ScriptedModel.layer([])))

describe("a request with", () => {
  const contents: ReadonlyArray<readonly [name: string, content: ReadonlyArray<Block>, isMore: boolean]> = [
    ["text", [text, result({ _tag: "Text", text: "done" })], false],
    ["an image", [text, image], true],
    ["a document", [text, document], true],
    ["an image in a result", [result({ _tag: "Text", text: "done" }, image)], true]
  ]
  for (const [name, content, isMore] of contents)
    it.effect(`${name} ${isMore ? "does not fit" : "fits"} a model that reads only text`, () =>
      Effect.gen(function* () {
        assert.strictEqual("obstacle" in (yield* fit(asking(...content), model("b"))), isMore)
        assert.notProperty(yield* fit(asking(...content), model("b", { accepts: {} })), "obstacle")
      })
    )

  it.effect("as many tokens as the model has room for fits, and one with more does not", () =>
    Effect.gen(function* () {
      const request = asking(text)
      const { tokens } = estimate(request)
      const small = (contextWindow: number) => fit(request, model("b", { contextWindow, maxOutput: 0 }))
      assert.deepStrictEqual(yield* small(tokens), { size: { tokens, by: "estimated" } })
      assert.deepStrictEqual(yield* small(tokens - 1), {
        obstacle: `its context window has room for ${tokens - 1} tokens, and the request has about ${tokens}`
      })
    })
  )
})

describe("a chain", () => {
  it.effect("finds the next model without an obstacle, and names those before it in their order", () =>
    Effect.gen(function* () {
      const chain = new ModelChain(
        model("a"),
        ["b", "c", "d"].map((letter) => model(letter))
      )
      const found = yield* chain.next(({ description }) =>
        Effect.succeed(description === "d" ? undefined : `no ${description}`)
      )
      assert.strictEqual(found.model?.description, "d")
      assert.deepStrictEqual(found.skipped, [
        { model: named("b"), reason: "no b" },
        { model: named("c"), reason: "no c" }
      ])
    })
  )

  it("adds what was skipped to an error and keeps its cause, and leaves an error unchanged otherwise", () => {
    const cause = new Error("behind it")
    const error = new ModelError({ reason: new Overloaded({ detail: "529" }), cause })
    assert.strictEqual(withSkipped(error, []), error)
    const after = withSkipped(error, [{ model: named("b"), reason: "it is small" }])
    assert.strictEqual(after.cause, cause)
    assert.match(after.message, /529; of-b\/b was skipped: it is small$/)
    const bare = new ModelError({ reason: new Overloaded({ detail: "529" }) })
    assert.notProperty(withSkipped(bare, [{ model: named("b"), reason: "it is small" }]), "cause")
  })
})
