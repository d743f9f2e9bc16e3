import { createServer } from "node:http"
import * as Effect from "effect/Effect"
import { listening } from "@parley/harness/listening"

/** A provider that answers every request in one way. */
export const provider = (status: number, body: string, hang = false) =>
  Effect.suspend(() => {
    const server = createServer((_, response) => {
      response.writeHead(status, { "content-type": hang ? "text/event-stream" : "application/json" })
      response.write(body)
      if (!hang) response.end()
    })
    return Effect.map(listening(server), (port) => ({ url: `http://127.0.0.1:${port}` }))
  })
export const keyed = (url: string) => ({ ANTHROPIC_API_KEY: "test-key", ANTHROPIC_BASE_URL: url })
/** The beginning of an answer. */
export const streaming = [
  'event: message_start\ndata: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"x","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}}\n\n',
  'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n',
  'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Thinking about it"}}\n\n'
].join("")

/** And its end. */
export const ending = [
  'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n',
  'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":3}}\n\n',
  'event: message_stop\ndata: {"type":"message_stop"}\n\n'
].join("")
