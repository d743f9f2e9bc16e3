import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { boundJson } from "../src/text/BoundedJson.ts"
import { cutMiddle } from "../src/text/Cut.ts"
import { plainLine, wellFormed } from "@parley/domain/VisibleText"
import { byteLength, cut } from "../src/text/Cut.ts"
import { makeStderrTail } from "../src/transport/StderrTail.ts"
import { readTools } from "../src/tools/ToolList.ts"
import { resultLimits, toOutput } from "../src/results/ToolResults.ts"

const text = (value: string) => ({ _tag: "Text", text: value })
const png = "iVBORw0KGgo="
const nested = (depth: number): unknown => {
  let value: unknown = 1
  for (let i = 0; i < depth; i++) value = { value }
  return value
}

describe("results", () => {
  const table: ReadonlyArray<readonly [string, unknown, ReadonlyArray<unknown>, boolean]> = [
    ["text", { content: [{ type: "text", text: "hi" }] }, [text("hi")], false],
    ["an error", { content: [{ type: "text", text: "no" }], isError: true }, [text("no")], true],
    ["an error without text", { content: [], isError: true }, [text("The tool failed and did not say why.")], true],
    ["nothing", { content: [] }, [], false],
    ["a result without content", {}, [], false],
    ["a response that is not an object", "boo", [text("[an answer that is not a tool result]")], true],
    ["empty text", { content: [{ type: "text", text: "" }] }, [], false],
    [
      "an image",
      { content: [{ type: "image", data: png, mimeType: "image/PNG" }] },
      [{ _tag: "Image", mediaType: "image/png", data: png }],
      false
    ],
    [
      "an image of a type that no provider accepts",
      { content: [{ type: "image", data: "SUkqAAgAAAAA", mimeType: "image/tiff" }] },
      [text("[image image/tiff 9 bytes: a kind that cannot be shown]")],
      false
    ],
    ...["image/png", "image/tiff", "text/plain", "", null, 7].flatMap((mimeType) =>
      [
        [png, "image/png"],
        ["/9j/4EpGSUYgcHJldGVuZA==", "image/jpeg"],
        ["R0lGODlhAQAB", "image/gif"],
        ["R0lGODdhAQAB", "image/gif"],
        ["UklGRiQAAABXRUJQVlA4", "image/webp"]
      ].map(
        ([data, mediaType]) =>
          [
            `${mediaType} that is called ${mimeType}`,
            { content: [{ type: "image", data, mimeType }] },
            [{ _tag: "Image", mediaType, data }],
            false
          ] as const
      )
    ),
    [
      "bytes that are not an image",
      { content: [{ type: "image", data: "PHN2Zz48L3N2Zz4=", mimeType: "image/png" }] },
      [text("[image image/png 12 bytes: a kind that cannot be shown]")],
      false
    ],
    [
      "audio declared as an image",
      { content: [{ type: "image", data: "UklGRiQAAABXQVZFZm10", mimeType: "image/webp" }] },
      [text("[image image/webp 15 bytes: a kind that cannot be shown]")],
      false
    ],
    [
      "an image that is not base64",
      { content: [{ type: "image", data: "<svg>===", mimeType: "image/png" }] },
      [text("[image image/png 6 bytes: not valid base64]")],
      false
    ],
    [
      "audio",
      { content: [{ type: "audio", data: "AAAA", mimeType: "audio/wav" }] },
      [text("[audio audio/wav 3 bytes: cannot be played]")],
      false
    ],
    [
      "a link",
      { content: [{ type: "resource_link", uri: "file:///a", name: "A", description: "all\u001b[2J of it" }] },
      [text("[link A <file:///a>: all [2J of it]")],
      false
    ],
    [
      "an embedded text",
      { content: [{ type: "resource", resource: { uri: "file:///a", mimeType: "text/plain", text: "body" } }] },
      [text("[resource <file:///a> text/plain]\nbody")],
      false
    ],
    [
      "an embedded blob",
      { content: [{ type: "resource", resource: { uri: "file:///b", mimeType: null, blob: "AAAAAAAA" } }] },
      [text("[resource <file:///b>, 6 bytes of binary data]")],
      false
    ],
    [
      "content types of later versions",
      { content: [{ type: "hologram" }, 7, null] },
      [
        text("[content of an unknown kind: hologram]"),
        text("[content of an unknown kind]"),
        text("[content of an unknown kind]")
      ],
      false
    ],
    ["structured content alone", { content: [], structuredContent: { a: [1, "x"] } }, [text('{"a":[1,"x"]}')], false],
    [
      "structured content beside text",
      { content: [{ type: "text", text: "said" }], structuredContent: { a: 1 } },
      [text("said"), text('{"a":1}')],
      false
    ],
    [
      "structured content equal to the text, in another order",
      { content: [{ type: "text", text: '{"b": [1, null],\n "a": 1}' }], structuredContent: { a: 1, b: [1, null] } },
      [text('{"b": [1, null],\n "a": 1}')],
      false
    ],
    [
      "structured content that only wraps the text",
      { content: [{ type: "text", text: "said" }], structuredContent: { content: "said" } },
      [text("said")],
      false
    ],
    [
      "structured content that only wraps the text as JSON",
      { content: [{ type: "text", text: "[1, 2]" }], structuredContent: { result: [1, 2] } },
      [text("[1, 2]")],
      false
    ],
    [
      "structured content that the text contains only in part",
      { content: [{ type: "text", text: '{"a":1}' }], structuredContent: { a: 1, b: null } },
      [text('{"a":1}'), text('{"a":1,"b":null}')],
      false
    ],
    [
      "structured content beside an image",
      { content: [{ type: "image", data: png, mimeType: "image/png" }], structuredContent: { a: 1 } },
      [{ _tag: "Image", mediaType: "image/png", data: png }, text('{"a":1}')],
      false
    ],
    [
      "structured content of great depth",
      { content: [], structuredContent: nested(5000) },
      [text("[structured content, too large or too deep to be shown]")],
      false
    ],
    ["half a surrogate pair", { content: [{ type: "text", text: "a\ud83d\u0000b" }] }, [text("a\ufffdb")], false],
    [
      "half a surrogate pair in structured content",
      { structuredContent: { "k\udc00": "\ud83d" } },
      [text('{"k\ufffd":"\ufffd"}')],
      false
    ]
  ]
  for (const [name, answer, content, isError] of table) {
    it(`maps ${name}`, () => assert.deepStrictEqual<unknown>(toOutput(answer), { isError, content }))
  }

  it("cuts a megabyte of text and says how much is missing", () => {
    const { content } = toOutput({
      content: [
        { type: "text", text: "é".repeat(500_000) },
        { type: "text", text: "tail" }
      ]
    })
    const room = resultLimits.textBytes
    assert.strictEqual(room, 65_536)
    const [head, gap, tail, last, note, ...more] = content
    assert.deepStrictEqual<unknown>(head, text("é".repeat((room * 0.75) / 2)))
    assert.deepStrictEqual<unknown>(tail, text("é".repeat((room * 0.25 - 4) / 2)))
    assert.deepStrictEqual<unknown>(last, text("tail"))
    assert.deepStrictEqual<unknown>(gap, text(`[… ${1_000_004 - room} bytes left out here …]`))
    assert.deepStrictEqual<unknown>(note, text(`[The result was cut: ${1_000_004 - room} bytes of text left out]`))
    assert.deepStrictEqual(more, [])
  })

  it("leaves out images that are too large or too many, and parts beyond the limit", () => {
    const large = toOutput({ content: [{ type: "image", data: "A".repeat(6_000_000), mimeType: "image/png" }] })
    assert.deepStrictEqual<unknown>(
      large.content,
      [text("[image image/png 4500000 bytes: too large to be shown]")].map((part) => part)
    )
    const images = toOutput({
      content: Array.from({ length: 30 }, () => ({ type: "image", data: png, mimeType: "image/png" }))
    })
    assert.strictEqual(images.content.length, resultLimits.images + 1)
    assert.deepStrictEqual<unknown>(images.content.at(-1), text("[The result was cut: 10 images left out]"))
    const parts = toOutput({ content: Array.from({ length: 300 }, () => ({ type: "text", text: "x" })) })
    assert.deepStrictEqual<unknown>(parts.content.at(-1), text("[The result was cut: 100 parts left out]"))
  })
})

describe("text of other programs", () => {
  it("is truncated between characters and measured in bytes", () => {
    assert.deepStrictEqual(cut("ab", 10), { text: "ab", leftOut: 0 })
    assert.deepStrictEqual(cut("aéé", 4), { text: "aé", leftOut: 2 })
    assert.deepStrictEqual(cut("😀😀", 7), { text: "😀", leftOut: 4 })
    assert.deepStrictEqual(cut("xyz", 0), { text: "", leftOut: 3 })
  })

  it("becomes one plain line for a person", () => {
    assert.strictEqual(plainLine("a\n\u001b[31mb\u0007\u202ec\ud83d"), "a [31mb c\ufffd")
    assert.strictEqual(plainLine("x".repeat(1000)).length, 300)
  })

  it("keeps only the end of a flood on standard error", () => {
    const tail = makeStderrTail(64 * 1024)
    const block = new TextEncoder().encode("flood \u001b[2J\n".repeat(10_000))
    for (let i = 0; i < 100; i++) tail.append(block)
    for (let i = 0; i < 5000; i++) tail.append(new TextEncoder().encode("drip\n"))
    tail.append(new TextEncoder().encode("\u001b]0;title\u0007last\u001b[0m words\n"))
    assert.isAtMost(tail.size(), 64 * 1024)
    assert.deepStrictEqual(tail.lines(2), ["drip", "last words"])
  })

  it("is bounded as JSON, and special keys are plain keys", () => {
    const limits = { depth: 3, nodes: 10, characters: 20 }
    assert.deepStrictEqual(boundJson({ a: [1, { b: null }] }, limits), { a: [1, { b: null }] })
    assert.isUndefined(boundJson(nested(10_000), limits))
    assert.isUndefined(
      boundJson(
        Array.from({ length: 11 }, () => 0),
        limits
      )
    )
    assert.isUndefined(boundJson("x".repeat(21), limits))
    const odd = boundJson(JSON.parse('{"__proto__":{"polluted":1}}'), limits)
    assert.deepStrictEqual(Object.keys(odd ?? {}), ["__proto__"])
    assert.isUndefined(Reflect.get({}, "polluted"))
  })
})

describe("truncated texts", () => {
  const kept = (texts: ReadonlyArray<string>, room: number) =>
    cutMiddle(texts, room).texts.map(({ head, tail }) => [head, tail])

  it("keep their beginning and their end, at line ends where one is near", () => {
    assert.deepStrictEqual(cutMiddle(["ab", "cd"], 4), {
      texts: [
        { head: "ab", tail: "" },
        { head: "cd", tail: "" }
      ],
      gap: -1,
      leftOut: 0
    })
    assert.deepStrictEqual(kept(["one\ntwo\nthree\nfour\nfive\n"], 22), [["one\ntwo\nthree\n", "five\n"]])
    assert.deepStrictEqual(kept(["first", "x".repeat(50), "y", "last"], 16), [
      ["first", ""],
      ["xxxxxxx", ""],
      ["", ""],
      ["last", ""]
    ])
  })

  it.effect.prop(
    "report the number of removed bytes and never split a character",
    [Schema.Array(Schema.String), Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 40 }))],
    ([texts, room]) =>
      Effect.sync(() => {
        const sound = texts.map((text) => wellFormed(text))
        const { leftOut, texts: result } = cutMiddle(sound, room)
        const all = byteLength(sound.join(""))
        const stays = result.map(({ head, tail }) => head + tail).join("")
        assert.isAtMost(byteLength(stays), room)
        assert.strictEqual(byteLength(stays) + leftOut, all)
        assert.isTrue(leftOut > 0 || all <= room)
        for (const [index, { head, tail }] of result.entries()) {
          assert.isTrue(sound[index]?.startsWith(head))
          assert.isTrue(sound[index]?.endsWith(tail))
        }
      }),
    { arbitrary: { runs: 300 } }
  )
})

describe("tool lists", () => {
  it("leave out invalid tools one by one", () => {
    const schema = { type: "object" }
    const { leftOut, tools } = readTools("s", [
      { name: "good", description: "does\ud83d", inputSchema: { ...schema, description: "\udc00" } },
      { name: "good", inputSchema: schema },
      { name: "deep", inputSchema: { ...schema, properties: nested(100) } },
      { name: "huge", inputSchema: { ...schema, description: "x".repeat(200_000) } },
      { name: "list", inputSchema: [] },
      { name: "x".repeat(500), inputSchema: schema },
      { name: "", inputSchema: schema },
      "nonsense"
    ])
    assert.deepStrictEqual(tools, [
      {
        name: "s__good",
        server: "s",
        tool: "good",
        description: "does\ufffd",
        inputSchema: { type: "object", description: "\ufffd" }
      }
    ])
    assert.strictEqual(leftOut.length, 7)
  })

  it("have descriptions of at most four kilobytes", () => {
    const { tools } = readTools("s", [{ name: "t", description: "é".repeat(10_000), inputSchema: { type: "object" } }])
    assert.strictEqual(tools[0]?.description, `${"é".repeat(2048)} [… ${20_000 - 4096} more bytes]`)
  })
})
