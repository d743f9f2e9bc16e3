import { assert, describe, it } from "@effect/vitest"
import type { Block, Citation } from "@parley/domain/Content"
import type { Message } from "@parley/domain/Message"
import { blockDelta, blockStart, blockStop, message, messageStart } from "@parley/harness/Events"
import { type Reply, serve } from "@parley/harness/SseServer"
import { Effect } from "effect"
import * as AnthropicSettings from "../src/anthropic/AnthropicSettings.ts"
import { body, pieces } from "../src/anthropic/AnthropicRequest.ts"
import { joined } from "../src/request/Pieces.ts"
import { provider, request, run } from "./support/Turn.ts"

const page = {
  type: "page_location",
  cited_text: "The bridge was closed.",
  document_index: 0,
  document_title: "Report.pdf",
  start_page_number: 3,
  end_page_number: 5,
  file_id: null
}
const web = {
  type: "web_search_result_location",
  cited_text: "It rains.",
  title: "Weather",
  url: "https://example.com/weather",
  encrypted_index: "abc"
}
const cites = (index: number, ...citations: ReadonlyArray<object | string | undefined>): string =>
  blockStart(index, { type: "text", text: "", citations: [] }) +
  citations.map((citation) => blockDelta(index, { type: "citations_delta", citation })).join("") +
  blockDelta(index, { type: "text_delta", text: `part ${index}` }) +
  blockStop(index)

const answered = (body: string, reply: Reply = {}) =>
  Effect.scoped(Effect.flatMap(serve({ body: [body], ...reply }), (server) => run(provider(server.url))))

const citation = (wire: object, rest: Partial<Citation>): Citation => ({
  provider: "anthropic",
  title: "",
  quote: "",
  raw: JSON.stringify(wire),
  ...rest
})
const pageCitation = citation(page, {
  title: "Report.pdf",
  quote: "The bridge was closed.",
  pages: { first: 3, last: 4 }
})
const webCitation = citation(web, { title: "Weather", url: web.url, quote: "It rains." })

describe("citations in a response", () => {
  it.live("are kept with the text that they support, in order", () =>
    Effect.gen(function* () {
      const turn = yield* answered(message("end_turn", cites(0), cites(1, page, web), cites(2)))
      assert.deepStrictEqual(turn.blocks, [
        { _tag: "Text", text: "part 0" },
        { _tag: "Text", text: "part 1", citations: [pageCitation, webCitation] },
        { _tag: "Text", text: "part 2" }
      ])
    })
  )

  it.live("may come with the start of the block", () =>
    Effect.gen(function* () {
      const block = blockStart(0, { type: "text", text: "whole", citations: [web] }) + blockStop(0)
      const turn = yield* answered(message("end_turn", block))
      assert.deepStrictEqual(turn.blocks, [{ _tag: "Text", text: "whole", citations: [webCitation] }])
    })
  )

  it.live("that are malformed or of an unknown kind do not break the response", () =>
    Effect.gen(function* () {
      const later = { type: "later_location", source: "notes", cited_text: 7, start_page_number: "1" }
      const turn = yield* answered(message("end_turn", cites(0, "text", undefined, {}, { cited_text: 1 }, later)))
      assert.isUndefined(turn.error)
      const [block] = turn.blocks
      assert.deepStrictEqual(block, {
        _tag: "Text",
        text: "part 0",
        citations: [citation(later, { title: "notes" })]
      })
    })
  )

  it.live("count towards the size of the response", () =>
    Effect.gen(function* () {
      const large = { ...page, cited_text: "x".repeat(1024 * 1024) }
      const start = messageStart() + blockStart(0, { type: "text", text: "" })
      const delta = blockDelta(0, { type: "citations_delta", citation: large })
      const turn = yield* Effect.scoped(
        Effect.flatMap(serve({ body: [start, ...Array.from({ length: 80 }, () => delta)] }), (server) =>
          run(provider(server.url))
        )
      )
      assert.match(String(turn.error?.message), /larger than/)
    })
  )
})

describe("citations in a request", () => {
  const document: Block = { _tag: "Document", mediaType: "application/pdf", data: "JVBERg==", name: "Report.pdf" }
  const plain: Block = { _tag: "Document", mediaType: "text/plain", data: "SGVsbG8=" }
  const messages: ReadonlyArray<Message> = [
    { role: "user", content: [document, plain, { _tag: "Text", text: "When?" }] },
    { role: "assistant", content: [{ _tag: "Text", text: "In May.", citations: [pageCitation, webCitation] }] },
    { role: "user", content: [{ _tag: "Text", text: "Sure?" }] }
  ]
  const sent = (citations: boolean) => {
    const settings = AnthropicSettings.make({ citations })
    const text = body(settings, request(messages))
    assert.strictEqual(joined(pieces(settings, request(messages))), text, "the pieces are the body")
    return JSON.parse(text)
  }

  it("are enabled for all documents if the settings ask for them, and for none otherwise", () => {
    const enabled = (citations: boolean) =>
      sent(citations).messages[0].content.map((block: { readonly citations?: object }) => block.citations)
    assert.deepStrictEqual(enabled(true), [{ enabled: true }, { enabled: true }, undefined])
    assert.deepStrictEqual(enabled(false), [undefined, undefined, undefined])
  })

  it("are sent back only if they do not count documents, and to the provider that they came from", () => {
    assert.deepStrictEqual(sent(true).messages[1].content, [{ type: "text", text: "In May.", citations: [web] }])
    const foreign = { ...webCitation, provider: "other" }
    const other: Message = { role: "assistant", content: [{ _tag: "Text", text: "Yes.", citations: [foreign] }] }
    const text = body(AnthropicSettings.make({}), request([...messages.slice(0, 1), other]))
    assert.notInclude(text, "encrypted_index")
  })

  it("exclude an output schema, so that structured output uses a tool", () => {
    const output = { type: "object", properties: {}, additionalProperties: false }
    const native = (citations: boolean) =>
      provider("https://api.anthropic.com", { citations }).structured?.({ ...request(), output }, true)
    assert.deepStrictEqual([native(false), native(true)], [true, false])
  })
})
