import { createServer } from "node:http"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { listening } from "@parley/harness/listening"
import { all, answer, apiError, start, stop, toolUse } from "@parley/harness/wire"
import type { Place } from "./Cli.ts"

const Body = Schema.Struct({
  system: Schema.optionalKey(Schema.Unknown),
  messages: Schema.Array(
    Schema.Struct({
      content: Schema.Array(Schema.Struct({ type: Schema.String, text: Schema.optionalKey(Schema.String) }))
    })
  )
})
const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Body))

/** A model that calls the tool it is told to, `call TOOL JSON`, and otherwise has something to say. */
export const caller = Effect.suspend(() => {
  const bodies: Array<string> = []
  const reply = (body: string): string => {
    const last = decode(body).messages.at(-1)?.content.at(-1)
    const call = /^call (\S+) (.*)$/s.exec(last?.text ?? "")
    if (call !== null) return all(start(), ...toolUse(0, call[1] ?? "", call[2] ?? ""), ...stop("tool_use"))
    return answer(last?.type === "tool_result" ? "All done." : "The model says so.")
  }
  const server = createServer((incoming, outgoing) => {
    const pieces: Array<Buffer> = []
    incoming.on("data", (piece: Buffer) => pieces.push(piece))
    incoming.on("end", () => {
      const isMessage = incoming.url?.includes("count_tokens") === false
      const body = Buffer.concat(pieces).toString("utf8")
      if (isMessage) bodies.push(body)
      outgoing.writeHead(isMessage ? 200 : 404, {
        "content-type": isMessage ? "text/event-stream" : "application/json"
      })
      outgoing.end(isMessage ? reply(body) : apiError("not_found_error"))
    })
  })
  return Effect.map(listening(server), (port) => ({ url: `http://127.0.0.1:${port}`, bodies }))
})

const asking = join(import.meta.dirname, "../../../mcp/test/fixtures/asking-server.mjs")

/** Configures that model, and a server `s` whose tools ask the client for things. */
export const configured = Effect.fnUntraced(function* (here: Place, server: object = {}) {
  const { bodies, url } = yield* caller
  here.configure({
    model: "anthropic/fake",
    providers: { anthropic: { apiKey: "test-key", baseUrl: url } },
    mcpServers: { s: { command: process.execPath, args: [asking], ...server } }
  })
  return { bodies }
})

export const encode = Schema.encodeUnknownSync(Schema.fromJsonString(Schema.Unknown))

/** What to say for the model to call a tool of `s`. */
export const call = (tool: string, input: unknown): string => `call s__${tool} ${encode(input)}`
