import { assert, it } from "@effect/vitest"
import type { Block } from "@parley/domain/Content"
import { callId, roundId, turnId } from "@parley/domain/Ids"
import * as AnthropicRequest from "../src/anthropic/AnthropicRequest.ts"

const sent = (role: "user" | "assistant", ...content: ReadonlyArray<Block>): string =>
  AnthropicRequest.body(
    { max_tokens: 10 },
    { model: { provider: "anthropic", model: "fake" }, system: "", tools: [], messages: [{ role, content }] }
  )

const thinking = (raw: string): Block => ({ _tag: "Thinking", provider: "anthropic", text: "Hm.", raw })
const call = (input: string): Block => ({
  _tag: "ToolCall",
  callId: callId(turnId(roundId(1), 1), 1),
  providerId: "toolu_1",
  name: "notes",
  input
})

it("sends thinking only with its signature, byte for byte", () => {
  const signed = '{"type":"thinking", "thinking":"Hm.", "signature":"c2ln"}'
  const redacted = '{"type":"redacted_thinking", "data":"x"}'
  for (const raw of [signed, redacted]) assert.include(sent("assistant", thinking(raw)), raw)
  for (const raw of ['{"type":"thinking","thinking":"Hm."}', '{"type":"thinking","thinking":"Hm.","signature":""}'])
    assert.notInclude(sent("assistant", thinking(raw)), "thinking")
})

it("sends no lone surrogate, and all other tool input unchanged", () => {
  const kept = String.raw`{"a":"\ud83d\ude00 \\ud83d \n","b":1.50}`
  assert.include(sent("assistant", call(kept)), kept)
  assert.include(sent("assistant", call(String.raw`{"a":"x\ud83dy\uDE00"}`)), String.raw`{"a":"x\ufffdy\ufffd"}`)
})

it("replaces an image or a PDF without proper bytes by a text", () => {
  for (const data of ["", "%%%"])
    for (const block of [
      { _tag: "Image", mediaType: "image/png", data } as const,
      { _tag: "Document", mediaType: "application/pdf", data } as const
    ])
      assert.match(sent("user", block), /which cannot be shown/)
  assert.include(sent("user", { _tag: "Image", mediaType: "image/png", data: "AAAA" }), '"data":"AAAA"')
  // An older log may contain a file whose content does not match its declared type.
  assert.include(sent("user", { _tag: "Image", mediaType: "image/png", data: "/9j/4EpG" }), '"media_type":"image/jpeg"')
})
