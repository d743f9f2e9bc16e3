import { assert } from "@effect/vitest"
import { TurnId } from "@parley/domain/Ids"
import { TurnContent } from "@parley/domain/TurnContent"
import { Effect } from "effect"
import { AnthropicResponse } from "../../packages/provider/src/anthropic/AnthropicResponse.ts"
import type { Case } from "../suite.ts"
import { all, start, stop, text, toolUse } from "../../packages/harness/src/provider/wire.ts"
import { blocksSent, completed, play, type SentBlock, said, variants } from "./kit.ts"

const words = "né 你好 \u{1D11E} 👩‍👩‍👧 end"
const input = JSON.stringify({ path: words })
const whole = all(
  start(),
  ...text(0, "né 你好 ", "\u{1D11E} 👩‍👩‍👧 end"),
  ...toolUse(1, "echo", input),
  ...stop("tool_use")
)
const bytesOf = (source: string): Uint8Array => new TextEncoder().encode(source)

const cutAt = (bytes: Uint8Array, at: ReadonlyArray<number>): ReadonlyArray<Uint8Array> =>
  [0, ...at].map((from, i) => bytes.subarray(from, at[i] ?? bytes.length))

/** Decodes a response from pieces without a network, because a socket may join pieces. */
const fold = (pieces: ReadonlyArray<Uint8Array>) => {
  const response = new AnthropicResponse({ secret: "k" })
  const content = new TurnContent(TurnId.make("r1t1"))
  for (const piece of pieces) content.add(response.feed(piece))
  content.add(response.end())
  return [content.blocks(), content.finish, content.malformed, response.failure]
}

const expected = fold([bytesOf(whole)])
const everywhere = (bytes: Uint8Array, from = 0, to = bytes.length) =>
  Array.from({ length: to - from }, (_, i) => cutAt(bytes, [from + i]))

const character = bytesOf("\u{1D11E}")
const crlf = whole.replaceAll("\n", "\r\n")
const lineStart = bytesOf(whole.slice(0, whole.indexOf("event: content_block_delta"))).length
const lineEnd =
  lineStart + bytesOf(whole.slice(whole.indexOf("event: content_block_delta")).split("\n\n")[0] ?? "").length + 2
const clefs = Array.from(bytesOf(whole).keys()).filter((at) =>
  character.every((byte, i) => bytesOf(whole)[at + i] === byte)
)

/** All ways to split the bytes, and one of them over a real socket with a flush between the pieces. */
const split: ReadonlyArray<readonly [name: string, ways: ReadonlyArray<ReadonlyArray<Uint8Array>>]> = [
  ["within a character of four bytes", clefs.flatMap((at) => everywhere(bytesOf(whole), at + 1, at + 4))],
  ["within an event, anywhere", everywhere(bytesOf(whole), lineStart, lineEnd)],
  ["CRLF, and between CR and LF", everywhere(bytesOf(crlf))],
  ["with a byte order mark, and within it", everywhere(bytesOf(`\uFEFF${whole}`), 0, 8)],
  ["byte by byte", [cutAt(bytesOf(whole), Array.from(bytesOf(whole).keys()).slice(1))]],
  [
    "line ends of all kinds",
    everywhere(bytesOf(whole.split("\n").reduce((text, line, i) => text + ["\r", "\r\n", "\n"][i % 3] + line)))
  ]
]

const cut = split.map(([name, ways]): Case => ({
  id: "P28",
  name,
  run: Effect.gen(function* () {
    assert.isNotEmpty(ways)
    for (const pieces of ways) assert.deepStrictEqual(fold(pieces), expected)
    yield* play({
      replies: [
        { body: ways[Math.floor(ways.length / 2)] ?? [] },
        { body: [all(start(), ...text(0, "Done."), ...stop("end_turn"))] }
      ],
      look: (seen) => {
        completed("completed", "completed")(seen)
        assert.strictEqual(said(seen.turns[0]), words)
        assert.deepStrictEqual(seen.ran, [{ path: words }])
      }
    })
  })
}))

/** Text is stored in a form that can be stored, and sent back in a form that can be sent. */
const hard = variants<{ readonly is: string; readonly becomes?: string }>(
  "P29",
  [
    ["half a surrogate pair", { is: "a\ud83db\udc00c", becomes: "a\ufffdb\ufffdc" }],
    ["U+0000", { is: "a\u0000b" }],
    ["U+FFFE", { is: "a\ufffe\uffffb" }],
    ["bidi controls", { is: "a\u202eb\u2066c\u2069" }],
    ["1 MB without a line end", { is: "0123456789".repeat(100_000) }]
  ],
  ({ is, becomes = is }) => ({
    // In text, in thinking and in a tool's input; as characters or as JSON escapes.
    replies: [
      {
        body: [
          all(
            start(),
            ...text(0, is),
            {
              type: "content_block_start",
              index: 1,
              content_block: { type: "thinking", thinking: is, signature: "s" }
            },
            { type: "content_block_stop", index: 1 },
            ...toolUse(2, "echo", JSON.stringify({ is: is.slice(0, 1000) })),
            ...stop("tool_use")
          )
        ]
      },
      { body: [all(start(), ...text(0, "Done."), ...stop("end_turn"))] }
    ],
    look: (seen) => {
      completed("completed", "completed")(seen)
      assert.strictEqual(said(seen.turns[0]), becomes)
      const ends = seen.log.filter(({ event }) => event._tag !== "TurnDelta")
      assert.notMatch(JSON.stringify(ends), /[^\\]\\ud[89a-f]/i, "nothing stored holds half a character")
      const back: ReadonlyArray<SentBlock> = blocksSent(seen.received[1], "assistant")
      assert.strictEqual(back[0]?.["text"], becomes)
      // Thinking is signed, so it is sent back unchanged or not at all.
      assert.deepStrictEqual(
        back.filter(({ type }) => type === "thinking").map((block) => block["thinking"]),
        is.isWellFormed() ? [is] : []
      )
      assert.deepStrictEqual(seen.ran, [{ is: becomes.slice(0, 1000) }])
      assert.notMatch(seen.received[1]?.body ?? "", /\\ud[89a-f]/i)
      assert.strictEqual(seen.received[1]?.body.isWellFormed(), true)
    }
  })
)

export const bytes = [...cut, ...hard]
