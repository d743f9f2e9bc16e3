import { gzipSync } from "node:zlib"
import { assert } from "@effect/vitest"
import { say } from "../../packages/harness/src/wires/Step.ts"
import { begunOf, eventsOf, half, streamed, type Trap, usualLine, written } from "./trap.ts"

const bytes = (text: string): Buffer => Buffer.from(text, "utf8")
const html = { "content-type": "text/html" }

const rewritten = (row: string, name: string, change: (text: string) => string): Trap => ({
  row,
  name,
  of: written((events) => [change(events.join(""))]),
  end: "tool-calls",
  line: usualLine
})

/** Traps of the bytes of a stream, of its end, and of what is no stream. */
export const byteTraps: ReadonlyArray<Trap> = [
  {
    row: "P28",
    name: "one byte at a time",
    of: written((events) => Array.from(bytes(events.join("")), (byte) => Uint8Array.of(byte))),
    end: "tool-calls",
    line: usualLine
  },
  rewritten("P28", "lines that end with CRLF", (text) => text.replaceAll("\n", "\r\n")),
  rewritten("P28", "lines that end with CR", (text) => text.replaceAll("\n", "\r")),
  rewritten("P28", "a byte order mark", (text) => `\uFEFF${text}`),
  rewritten("P28", "no space after the colon", (text) => text.replaceAll(/^(data|event): /gm, "$1:")),
  rewritten("P28", "a last event without its blank line", (text) => text.trimEnd()),
  rewritten("P28", "one event on several lines", (text) => text.replaceAll("data: {", "data: {\ndata: ")),
  rewritten("P21", "comments between the events", (text) => `: hi\n\n${text.replaceAll("\n\n", "\n\n: ping\n\n")}`),
  rewritten("P21", "fields that are not used", (text) => text.replaceAll("data: ", "id: 7\nretry: 10\nx: y\ndata: ")),
  rewritten("P21", "events of an unknown type", (text) =>
    text.replace("\n\n", '\n\nevent: new\ndata: {"type":"new","x":1}\n\n')
  ),
  rewritten("P21", "unknown fields in each event", (text) => text.replaceAll("data: {", 'data: {"x":{"y":[1]},')),
  {
    row: "P30",
    name: "the stream as another type of content",
    of: streamed((wire) => ({ body: eventsOf(wire), headers: { "content-type": "text/plain" } })),
    end: "tool-calls",
    line: usualLine
  },
  {
    row: "P30",
    name: "the stream, compressed",
    of: streamed((wire) => ({ body: [gzipSync(eventsOf(wire).join(""))], headers: { "content-encoding": "gzip" } })),
    end: "tool-calls",
    line: usualLine
  },
  {
    row: "P30",
    name: "a body that is not compressed as it says",
    of: streamed((wire) => ({ body: eventsOf(wire), headers: { "content-encoding": "gzip" } })),
    end: "StreamBroken"
  },
  {
    row: "SDK",
    name: "a page with status 200",
    of: streamed(() => ({ body: ["<html>log in</html>"], headers: html })),
    end: "StreamBroken",
    line: "",
    check: ({ reason }) => assert.match(reason?.detail ?? "", /not an event stream: <html>log in/)
  },
  { row: "P30", name: "an empty body with status 200", of: streamed(() => ({ body: [] })), end: "StreamBroken" },
  {
    row: "P30",
    name: "plain text with status 200",
    of: streamed(() => ({ body: ["try again\n"] })),
    end: "StreamBroken"
  },
  {
    row: "SDK",
    name: "an event that is not JSON",
    of: streamed((wire) => ({ body: [...begunOf(wire), "data: {oops\n\n"] })),
    end: "StreamBroken",
    line: "half"
  },
  {
    row: "P30",
    name: "an event that is a number",
    of: streamed((wire) => ({ body: [...begunOf(wire), "data: 7\n\n"] })),
    end: "StreamBroken",
    line: "half"
  },
  {
    row: "P06",
    name: "a cut before the first byte",
    of: streamed(() => ({ body: [], last: "cut" })),
    end: "StreamBroken"
  },
  {
    row: "P06",
    name: "a cut within the text",
    of: (wire) => ({ body: begunOf(wire), last: "cut" }),
    end: "StreamBroken",
    line: "half"
  },
  {
    row: "P06",
    name: "a reset within the text",
    of: (wire) => ({ body: begunOf(wire), last: "reset" }),
    end: "StreamBroken",
    line: "half"
  },
  {
    row: "P06",
    name: "FIN within the text",
    of: (wire) => ({ body: begunOf(wire), last: "fin" }),
    end: "StreamBroken",
    line: "half"
  },
  {
    row: "SDK",
    name: "an end before the last event",
    of: streamed((wire) => ({ body: begunOf(wire) })),
    end: "StreamBroken",
    line: "half"
  },
  {
    row: "P06",
    name: "an end within an event",
    of: streamed((wire) => ({ body: [...begunOf(wire), eventsOf(wire, half).at(-1)?.slice(0, 9) ?? ""] })),
    end: "StreamBroken",
    line: "half"
  },
  {
    row: "P06",
    name: "an end within a call's response",
    of: streamed((wire) => ({
      body: begunOf(wire, { steps: [say("half"), { _tag: "Call", id: "x", name: "echo", input: "{}" }] })
    })),
    end: "StreamBroken"
  },
  {
    row: "P28",
    name: "an end within a character",
    of: streamed((wire) => ({ body: [...begunOf(wire), bytes("data: 你").subarray(0, 8)] })),
    end: "StreamBroken",
    line: "half"
  },
  {
    row: "P07",
    name: "a server that does not end the complete response",
    of: streamed((wire) => ({ body: eventsOf(wire), last: "hang" })),
    end: "tool-calls",
    line: usualLine
  },
  {
    row: "P33",
    name: "an event of 17 MiB",
    of: streamed((wire) => ({ body: [...begunOf(wire), `data: {"x":"${"x".repeat(17 * 1024 * 1024)}`], last: "hang" })),
    end: "StreamBroken",
    line: "half"
  },
  {
    row: "P33",
    name: "5,000 pieces",
    of: (wire) => ({ body: eventsOf(wire, { steps: [say("ab".repeat(5000))], piece: 2 }) }),
    end: "end",
    line: "ab".repeat(5000)
  },
  {
    row: "P29",
    name: "a text of 1 MB without a line end",
    of: (wire) => ({ body: eventsOf(wire, { steps: [say("x".repeat(1e6))], piece: 1e6 }) }),
    end: "end",
    line: "x".repeat(1e6)
  },
  {
    row: "P29",
    name: "control characters",
    of: (wire) => ({ body: eventsOf(wire, { steps: [say("a\u0000b\u202E\uFFFE")], piece: 9 }) }),
    end: "end",
    line: "a\u0000b\u202E\uFFFE"
  },
  {
    row: "P29",
    name: "half of a surrogate pair",
    of: (wire) => ({ body: eventsOf(wire, { steps: [say("a\ud83d")], piece: 9 }) }),
    end: "end",
    line: "a\uFFFD"
  }
]
