import * as F from "./form.ts"

const { opened, refused } = F

/** A round with this call and a result with this content. */
const called = (call: F.Raw, ...content: ReadonlyArray<F.Raw>): ReadonlyArray<F.Raw> => [
  ...F.asking(1, call),
  F.ran("r1t1c1"),
  F.settled("r1t1c1", ...content),
  ...F.answering(1)
]
const image = (mediaType: string, data: string): F.Raw => ({ _tag: "Image", mediaType, data })
const usual = F.call("r1t1c1")
const lone = "Half a \ud83d pair"

/** Unusual or invalid content. */
export const content: ReadonlyArray<F.Form> = [
  opened("an answer with an empty text", ...F.round(1, F.text(""))),
  opened("an answer of spaces", ...F.round(1, F.text(" \n\t ")), ...F.round(2)),
  opened("an answer without blocks", F.asked(1), F.context(1), F.began(1), F.said(1, 1, []), F.done(1), ...F.round(2)),
  opened("an answer with an empty text between others", ...F.round(1, F.text("One"), F.text(""), F.text("Two"))),
  opened("a message with an empty text", F.asked(1, F.text("")), ...F.round(1).slice(1)),
  opened("a message without blocks", { ...F.asked(1), request: [] }, ...F.round(1).slice(1)),
  opened("a lone surrogate in a message and an answer", F.asked(1, F.text(lone)), ...F.round(1, F.text(lone)).slice(1)),
  opened(
    "NUL, U+FFFE and escapes in a message",
    F.asked(1, F.text("a\0b\ufffe\u001b[2J\u202e")),
    ...F.round(1).slice(1)
  ),
  opened("an answer of 4 MB in one line", ...F.round(1, F.text("long ".repeat(800_000)))),
  opened("nothing but thinking", ...F.round(1, F.thinking('{"type":"thinking","thinking":"Hm.","signature":"c2ln"}'))),
  opened(
    "thinking without a signature",
    ...F.round(1, F.thinking('{"type":"thinking","thinking":"Hm."}'), F.text("So."))
  ),
  opened(
    "thinking with an empty signature",
    ...F.round(1, F.thinking('{"type":"thinking","thinking":"Hm.","signature":""}'), F.text("So."))
  ),
  opened("thinking without its bytes", ...F.round(1, F.thinking(""), F.text("So."))),
  opened("thinking whose bytes are no object", ...F.round(1, F.thinking("[1,2]"), F.text("So."))),
  opened(
    "the thinking of a foreign provider",
    ...F.round(1, F.thinking('{"type":"reasoning","encrypted_content":"x"}', "openai"), F.text("So."))
  ),
  opened(
    "a foreign provider's own kind of block",
    ...F.round(1, { _tag: "Opaque", provider: "openai", kind: "search", raw: '{"type":"search"}' }, F.text("So."))
  ),
  opened(
    "an opaque block that is no JSON",
    ...F.round(1, { _tag: "Opaque", provider: "anthropic", kind: "search", raw: "{" }, F.text("So."))
  ),
  opened("a call with broken JSON", ...called(F.call("r1t1c1", '{"path": "a'))),
  opened("a call whose input is a list", ...called(F.call("r1t1c1", "[1]"))),
  opened("a call whose input is empty", ...called(F.call("r1t1c1", ""))),
  opened("a call whose input holds a lone surrogate", ...called(F.call("r1t1c1", '{"a":"\\ud83d"}'))),
  opened("a call whose input is deep", ...called(F.call("r1t1c1", `${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`))),
  opened("a call of a tool without a name", ...called(F.call("r1t1c1", "{}", ""))),
  opened("a call of a tool with an illegal name", ...called(F.call("r1t1c1", "{}", "../ü ".repeat(60)))),
  opened("calls with the same provider's id", ...called({ ...usual, providerId: "" }), ...F.round(2)),
  opened(
    "a result without content",
    ...F.asking(1, usual),
    F.ran("r1t1c1"),
    { _tag: "ToolSettled", callId: "r1t1c1", outcome: { _tag: "Succeeded", content: [] } },
    ...F.answering(1)
  ),
  opened("a result with an empty text", ...called(usual, F.text(""))),
  opened("a result with a lone surrogate", ...called(usual, F.text(lone))),
  opened("a result with an image without bytes", ...called(usual, image("image/png", ""))),
  opened("a result with an image of no known type", ...called(usual, image("image/tiff", "AAAA"))),
  opened(
    "a result with a document that is no base64",
    ...called(usual, { _tag: "Document", mediaType: "text/plain", data: "%%%" })
  ),
  opened(
    "a message with an image whose bytes are no base64",
    F.asked(1, F.text("See"), image("image/png", "%%%")),
    ...F.round(1).slice(1)
  ),
  opened("events with more in them than we know", { ...F.asked(1), colour: "red" }, ...F.round(1).slice(1, -1), {
    ...F.done(1),
    colour: "blue"
  }),
  refused(
    "an answer that holds a result",
    ...F.round(1, F.text("So."), { _tag: "ToolResult", callId: "x", isError: false, content: [] })
  ),
  refused("an answer that holds an image", ...F.round(1, image("image/png", "AAAA"))),
  refused("a call without an id", ...F.asking(1, F.call("")), F.done(1)),
  refused("a call with an id that no provider takes", ...F.asking(1, F.call("r1t1 c1/ü")), F.done(1))
]
