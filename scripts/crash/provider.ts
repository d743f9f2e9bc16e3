import { once } from "node:events"
import { createServer, type ServerResponse } from "node:http"
import { isDeepStrictEqual } from "node:util"
import { setTimeout as sleep } from "node:timers/promises"
import * as Schema from "effect/Schema"
import { Body } from "../../packages/harness/src/provider/messagesBody.ts"

/** The responses of the fake model, in pieces. A message selects its script with `script:NAME`. */
const pieces = (mark: string, count: number) => Array.from({ length: count }, (_, i) => `${mark}${i} `)
export const scripts = {
  text: pieces("text", 5),
  tools: pieces("calls", 2),
  results: pieces("results", 3),
  cancel: pieces("cancel", 4),
  breaks: pieces("breaks", 3),
  overloaded: pieces("again", 3),
  long: pieces("long", 24),
  next: pieces("next", 2),
  /** Long enough to be worth compacting. */
  much: pieces(`much ${"word ".repeat(200)}`, 3),
  overflows: pieces("room", 2),
  summary: pieces("summary", 3),
  /** An answer that does not follow the schema, and the corrected one, which is given by a call. */
  wrong: pieces("wrong", 2),
  right: pieces("right", 2),
  /** The user sends another message while this response arrives. */
  steered: pieces("steered", 2)
}
type Name = keyof typeof scripts
const isName = (name: string): name is Name => Object.hasOwn(scripts, name)

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Body))

/** The last block of the request selects the script: tool results get a comment, text names a script. */
const scriptOf = ({ messages }: Body): Name => {
  const last = messages.at(-1)?.content.at(-1)
  if (last?.type === "tool_result") return "results"
  if (last?.text?.endsWith("Sum it up.") === true) return "summary"
  if (last?.text?.includes("does not follow the required schema") === true) return "right"
  const name = [...(last?.text ?? "").matchAll(/script:(\w+)/g)].at(-1)?.[1] ?? ""
  if (!isName(name)) throw new Error(`no script is named in ${JSON.stringify(last)}`)
  return name
}

const usage = { input_tokens: 10, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 1 }
const message = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "fake",
  content: [],
  stop_reason: null,
  usage
}

/**
 * A deterministic Messages API on a socket. It sends the next piece only after `shown` contains the previous one, so that
 * each piece is committed separately and every run makes the same system calls. `asked` is called for each request,
 * and `steer` to send a message during a response.
 */
export const startProvider = async (shown: () => string, asked: () => void, steer: () => void) => {
  const bodies: Array<Body> = []
  /** `retry`: whether this request repeats the previous one. */
  const answer = async (name: Name, retry: boolean, short: boolean, out: ServerResponse) => {
    if (name === "overflows" && !short) {
      out.writeHead(400, { "content-type": "application/json" })
      const error = { type: "invalid_request_error", message: "prompt is too long: 210000 tokens > 200000 maximum" }
      return out.end(JSON.stringify({ type: "error", error }))
    }
    if (name === "overloaded" && !retry) {
      out.writeHead(529, { "content-type": "application/json" })
      return out.end(JSON.stringify({ type: "error", error: { type: "overloaded_error", message: "Overloaded" } }))
    }
    out.writeHead(200, { "content-type": "text/event-stream" })
    const send = (type: string, data: object) =>
      out.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`)
    const passed = async (piece: string) => {
      for (let i = 0; i < 500 && !out.destroyed && !shown().includes(piece); i++) await sleep(2)
    }
    send("message_start", { message })
    send("content_block_start", { index: 0, content_block: { type: "text", text: "" } })
    for (const text of scripts[name]) {
      if (out.destroyed) return
      send("content_block_delta", { index: 0, delta: { type: "text_delta", text } })
      await passed(text)
    }
    // Keeps the connection open without sending more, because the user cancels.
    if (name === "cancel") return
    if (name === "breaks") {
      send("error", { error: { type: "overloaded_error", message: "Overloaded" } })
      return out.end()
    }
    if (name === "steered") steer()
    send("content_block_stop", { index: 0 })
    const asks = name === "tools" || name === "steered"
    for (const n of asks ? [1, 2, 3] : []) {
      const content_block = { type: "tool_use", id: `toolu_${n}`, name: "effects__record", input: {} }
      send("content_block_start", { index: n, content_block })
      send("content_block_delta", { index: n, delta: { type: "input_json_delta", partial_json: `{"n":${n}}` } })
      send("content_block_stop", { index: n })
    }
    if (name === "right") {
      const content_block = { type: "tool_use", id: "toolu_9", name: "final_answer", input: {} }
      send("content_block_start", { index: 1, content_block })
      send("content_block_delta", { index: 1, delta: { type: "input_json_delta", partial_json: '{"answer":42}' } })
      send("content_block_stop", { index: 1 })
    }
    const stop_reason = asks || name === "right" ? "tool_use" : "end_turn"
    send("message_delta", { delta: { stop_reason, stop_sequence: null }, usage })
    send("message_stop", {})
    return out.end()
  }
  const server = createServer((incoming, out) => {
    const parts: Array<Buffer> = []
    incoming.on("data", (part: Buffer) => parts.push(part))
    incoming.on("error", () => {})
    out.on("error", () => {})
    incoming.on("end", () => {
      const body = decode(Buffer.concat(parts).toString("utf8"))
      const retry = isDeepStrictEqual(bodies.at(-1), body)
      bodies.push(body)
      asked()
      const short = JSON.stringify(body).includes("Summary of the conversation so far")
      void answer(scriptOf(body), retry, short, out)
    })
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("the provider has no port")
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { url: `http://127.0.0.1:${address.port}`, bodies, close }
}
