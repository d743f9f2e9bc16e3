import { assert } from "@effect/vitest"
import { sanitize } from "../../packages/cli/src/output/Sanitize.ts"
import type { Case } from "../suite.ts"
import { one, type Seen, variant } from "./kit.ts"
import { words } from "./look.ts"
import type { Step } from "./support/script.ts"

/** The text of the result in the request to the model. */
const sentResult = ({ received }: Seen): string => {
  const body: {
    readonly messages: ReadonlyArray<{
      readonly content: ReadonlyArray<{ readonly type: string; readonly content?: ReadonlyArray<{ text: string }> }>
    }>
  } = JSON.parse(received[1]?.body ?? "{}")
  return body.messages
    .flatMap(({ content }) => content)
    .flatMap((block) => (block.type === "tool_result" ? (block.content ?? []) : []))
    .map(({ text }) => text)
    .join("")
}

const drives = /[^\P{Cc}\n\t]|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u

/** The model receives well-formed but otherwise unchanged text. A terminal receives no control sequences. */
const text = (name: string, act: Step, look: (sent: string) => void): Case =>
  variant("M22", name, {
    servers: one({ calls: { act: [act] } }),
    turns: [["s__act"]],
    look: (seen) => {
      const sent = sentResult(seen)
      assert.strictEqual(words(seen.outcomes[0]), `Succeeded: ${sent}`)
      assert.isTrue(sent.isWellFormed())
      assert.notInclude(sent, "\u0000")
      assert.notMatch(sanitize(sent), drives)
      look(sent)
    }
  })

const is = (expected: string) => (sent: string) => assert.strictEqual(sent, expected)
const raw = (inner: string): string =>
  `{"jsonrpc":"2.0","id":$id,"result":{"content":[{"type":"text","text":"${inner}"}]}}`
const escapes = "\u001b[2J\u001b]0;title\u0007\u001bP1$r\u001b\\\u009b31m\r\b"

export const texts = [
  text("half of a surrogate pair", ["say", raw("half \\ud83d, \\udc00 end")], is("half \ufffd, \ufffd end")),
  text("NUL", ["answer", "a\u0000b"], is("ab")),
  text(
    "bytes that are no UTF-8",
    ["bytes", Buffer.concat([Buffer.from(raw("bad \u00ff\u00c3 end"), "latin1"), Buffer.of(10)]).toString("base64")],
    is("bad \ufffd\ufffd end")
  ),
  text("escapes", ["answer", `${escapes}end`], is(`${escapes}end`)),
  text("a line of 1 MB", ["answer", "x", 1_000_000], (sent) => {
    assert.match(sent, /^x{10000}/)
    assert.isAtMost(sent.length, 400_000)
    assert.isFalse(/^x+$/.test(sent), "it is said that something is missing")
  }),
  text(
    "bidirectional marks",
    ["answer", "user\u202e \u2066// admin\u2069\u2028"],
    is("user\u202e \u2066// admin\u2069\u2028")
  )
]
