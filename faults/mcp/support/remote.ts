import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http"
import { Effect, Schema, type Scope } from "effect"
import { listening } from "../../../packages/harness/src/provider/listening.ts"

const Message = Schema.Struct({
  id: Schema.optionalKey(Schema.Unknown),
  method: Schema.String,
  params: Schema.optionalKey(Schema.Struct({ name: Schema.optionalKey(Schema.String) }))
})
const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Message))

export interface Asked {
  readonly method: string
  readonly tool: string | undefined
  readonly headers: IncomingHttpHeaders
}

export interface Remote {
  readonly url: string
  /** The received messages; for requests without a message, the HTTP method. */
  readonly asked: ReadonlyArray<Asked>
  /** How many responses the client has aborted. */
  readonly brokenOff: () => number
}

const json = { "content-type": "application/json" }
const tools = ["act", "echo"].map((name) => ({ name, inputSchema: { type: "object" } }))

export const reply = (id: unknown, words: string): string =>
  JSON.stringify({ jsonrpc: "2.0", id, result: { content: [{ type: "text", text: words }] } })

/** An MCP server over streamable HTTP with sessions, without an SDK. The `act` tool runs the given function. */
export const remote = (
  act: (out: ServerResponse, id: unknown, session: string | undefined) => void
): Effect.Effect<Remote, never, Scope.Scope> =>
  Effect.gen(function* () {
    const asked: Array<Asked> = []
    const held = { sessions: 0, brokenOff: 0 }
    const answer = (body: string, headers: IncomingHttpHeaders, out: ServerResponse): void => {
      const { id, method, params } = decode(body)
      asked.push({ method, tool: params?.name, headers })
      const send = (result: object, more: object = {}): void =>
        void out.writeHead(200, { ...json, ...more }).end(JSON.stringify({ jsonrpc: "2.0", id, result }))
      if (id === undefined) return void out.writeHead(202).end()
      if (method === "initialize")
        return send(
          { protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo: { name: "remote", version: "1" } },
          { "mcp-session-id": `session-${++held.sessions}` }
        )
      if (method === "tools/list") return send({ tools })
      if (params?.name === "act") return act(out, id, String(headers["mcp-session-id"]))
      if (method === "tools/call") return void out.writeHead(200, json).end(reply(id, "echo"))
      const error = { code: -32601, message: "Method not found" }
      out.writeHead(200, json).end(JSON.stringify({ jsonrpc: "2.0", id, error }))
    }
    const server = createServer((incoming, out) => {
      const parts: Array<Buffer> = []
      for (const stream of [incoming, out]) stream.on("error", () => {})
      out.on("close", () => {
        if (!out.writableFinished) held.brokenOff++
      })
      incoming.on("data", (part: Buffer) => parts.push(part))
      incoming.on("end", () => {
        if (incoming.method === "POST") return answer(Buffer.concat(parts).toString("utf8"), incoming.headers, out)
        asked.push({ method: incoming.method ?? "", tool: undefined, headers: incoming.headers })
        out.writeHead(incoming.method === "DELETE" ? 200 : 405).end()
      })
    })
    const port = yield* listening(server)
    return { url: `http://127.0.0.1:${port}/mcp`, asked, brokenOff: () => held.brokenOff }
  })
