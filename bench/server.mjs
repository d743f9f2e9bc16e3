// A deterministic fake of the Anthropic Messages API on node:http. The script of a reply is in the last user text:
//   TEXT:n    n text deltas of 12 characters      TOOLS:k   k calls of the tool "work", input {"i":..,"ms":..}
//   ROUNDS:r  r rounds of calls (default 1)       MS:m      the value of "ms"        FINAL:n   deltas after the tools (3)
// GET /__last returns the arrival of the latest request (first and last byte, nanoseconds) and its size; /__reset clears it.
import http from "node:http"

const now = () => process.hrtime.bigint()
const word = "lorem ipsum "
const usage = { input_tokens: 100, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 1 }
const event = (type, data) => `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`
const directives = (text) =>
  Object.fromEntries([...text.matchAll(/\b(TEXT|TOOLS|ROUNDS|MS|FINAL):(\d+)/g)].map(([, key, n]) => [key, Number(n)]))

const replies = new Map()
const reply = ({ text, tools, ms, round, model }) => {
  const key = [text, tools, ms, round, model].join()
  let buffers = replies.get(key)
  if (buffers !== undefined) return buffers
  const message = {
    id: `msg_${round}`,
    type: "message",
    role: "assistant",
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage
  }
  const events = [event("message_start", { message })]
  let index = 0
  if (text > 0) {
    events.push(event("content_block_start", { index, content_block: { type: "text", text: "", citations: null } }))
    events.push(event("ping", {}))
    const delta = event("content_block_delta", { index, delta: { type: "text_delta", text: word } })
    for (let i = 0; i < text; i++) events.push(delta)
    events.push(event("content_block_stop", { index: index++ }))
  }
  for (let i = 0; i < tools; i++) {
    const json = JSON.stringify({ i, ms })
    events.push(
      event("content_block_start", {
        index,
        content_block: { type: "tool_use", id: `toolu_${round}_${i}`, name: "work", input: {} }
      })
    )
    for (const piece of ["", json.slice(0, 5), json.slice(5, 9), json.slice(9)])
      events.push(event("content_block_delta", { index, delta: { type: "input_json_delta", partial_json: piece } }))
    events.push(event("content_block_stop", { index: index++ }))
  }
  const stop_reason = tools > 0 ? "tool_use" : "end_turn"
  events.push(
    event("message_delta", {
      delta: { stop_reason, stop_sequence: null },
      usage: { ...usage, output_tokens: text * 3 + tools * 20 }
    })
  )
  events.push(event("message_stop", {}))
  buffers = []
  let buffer = ""
  for (const piece of events) {
    buffer += piece
    if (buffer.length < 65_536) continue
    buffers.push(Buffer.from(buffer))
    buffer = ""
  }
  if (buffer !== "") buffers.push(Buffer.from(buffer))
  replies.set(key, buffers)
  return buffers
}

/** The last user text that contains a script, and how many messages with tool results follow it. */
const plan = ({ messages }) => {
  let rounds = 0
  for (const { content, role } of messages.toReversed()) {
    if (role !== "user") continue
    const text =
      typeof content === "string"
        ? content
        : content
            .filter(({ type }) => type === "text")
            .map(({ text }) => text)
            .join("")
    const script = directives(text)
    if (script.TEXT !== undefined || script.TOOLS !== undefined) return { script, rounds }
    if (typeof content !== "string" && content.some(({ type }) => type === "tool_result")) rounds++
  }
  return { script: {}, rounds }
}

let last
const server = http.createServer(async (request, response) => {
  const t_req = now()
  if (request.url === "/__last") return response.end(JSON.stringify(last))
  const parts = []
  for await (const part of request) parts.push(part)
  const raw = Buffer.concat(parts)
  const body = JSON.parse(raw.toString("utf8"))
  last = { t_req: String(t_req), t_end: String(now()), bytes: raw.length, messages: body.messages.length }
  const { rounds, script } = plan(body)
  const asks = script.TOOLS > 0 && rounds < (script.ROUNDS ?? 1)
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "request-id": "req_x" })
  response.socket?.setNoDelay(true)
  const text = asks ? 0 : script.TOOLS > 0 ? (script.FINAL ?? 3) : (script.TEXT ?? 3)
  const parameters = { text, tools: asks ? script.TOOLS : 0, ms: script.MS ?? 0, round: rounds, model: body.model }
  for (const buffer of reply(parameters)) response.write(buffer)
  response.end()
})
server.keepAliveTimeout = 120_000
server.listen({ port: 0, host: "127.0.0.1" }, () => console.log(server.address().port))
