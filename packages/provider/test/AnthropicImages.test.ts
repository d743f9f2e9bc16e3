import { assert, describe, it } from "@effect/vitest"
import type { Block } from "@parley/domain/Content"
import { callId, roundId, turnId } from "@parley/domain/Ids"
import type { Message } from "@parley/domain/Message"
import { joined } from "../src/request/Pieces.ts"
import { body, pieces } from "../src/anthropic/AnthropicRequest.ts"
import * as AnthropicSettings from "../src/anthropic/AnthropicSettings.ts"
import { request } from "./support/Turn.ts"

const settings = AnthropicSettings.make({})

/** The beginning of a PNG of this size, which suffices for its header. */
const image = (width: number, height: number): Extract<Block, { readonly _tag: "Image" }> => {
  const size = Buffer.alloc(8)
  size.writeUInt32BE(width, 0)
  size.writeUInt32BE(height, 4)
  const data = Buffer.concat([Buffer.from("iVBORw0KGgoAAAANSUhEUg==", "base64"), size]).toString("base64")
  return { _tag: "Image", mediaType: "image/png", data }
}
const user = (...content: ReadonlyArray<Block>): Message => ({ role: "user", content })
const bodyOf = (...messages: ReadonlyArray<Message>): string => {
  const text = body(settings, request(messages))
  assert.strictEqual(joined(pieces(settings, request(messages))), text, "the pieces are the body")
  return text
}
const count = (text: string, part: string): number => text.split(part).length - 1

describe("an image that the API would reject for its size in pixels", () => {
  it("is replaced by a text that says so", () => {
    const text = bodyOf(user(image(8000, 8000), image(8001, 3), image(3, 9000)))
    assert.strictEqual(count(text, '"type":"image"'), 1)
    for (const size of ["8001 × 3", "3 × 9000"])
      assert.include(
        text,
        `image of ${size} pixels, which cannot be shown: the API accepts up to 8000 pixels on each side]`
      )
  })

  it("is replaced in the result of a tool as well", () => {
    const id = callId(turnId(roundId(1), 1), 1)
    const text = bodyOf(
      user({ _tag: "Text", text: "look" }),
      { role: "assistant", content: [{ _tag: "ToolCall", callId: id, providerId: "c", name: "t", input: "{}" }] },
      user({ _tag: "ToolResult", callId: id, isError: false, content: [image(8001, 3)] })
    )
    assert.strictEqual(count(text, '"type":"image"'), 0)
    assert.include(text, "image of 8001 × 3 pixels")
  })

  it("has a smaller limit in a request with more than twenty images", () => {
    const large = user(image(2001, 10))
    const twenty = [large, ...Array.from({ length: 19 }, () => user(image(2000, 2000)))]
    assert.strictEqual(count(bodyOf(...twenty), '"type":"image"'), 20)
    const text = bodyOf(...twenty, user(image(5, 5)))
    assert.strictEqual(count(text, '"type":"image"'), 20)
    assert.include(text, "up to 2000 pixels on each side in a request with 21 images or more]")
  })

  it("is sent if its size is not known", () =>
    assert.strictEqual(
      count(bodyOf(user({ _tag: "Image", mediaType: "image/png", data: "iVBORw0KGgo=" })), '"type":"image"'),
      1
    ))
})
