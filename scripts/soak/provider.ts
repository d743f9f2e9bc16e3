import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import * as wire from "../../packages/harness/src/provider/wire.ts"

/** The kinds of rounds, which a message selects with `soak:KIND`, and how many of a hundred rounds are of each kind. */
export const kinds = {
  text: 46,
  stdio: 14,
  http: 12,
  several: 10,
  fails: 6,
  cancelled: 4,
  "cancelled in a tool": 2,
  limited: 1,
  overloaded: 1,
  broken: 2,
  "breaks off": 2
}
export type Kind = keyof typeof kinds
const isKind = (text: string): text is Kind => Object.hasOwn(kinds, text)

/** The last block of a request, which selects the response. */
const lastOf = (body: string): string => JSON.stringify(JSON.parse(body).messages.at(-1).content.at(-1))
/** Whether a summary is requested. Such a request contains the whole conversation, including `soak:` texts of all kinds. */
const isSummary = (last: string): boolean => last.includes("Sum it up.")
const kindOf = (last: string): Kind => {
  const plain = last.includes('"tool_result"') || isSummary(last)
  const name = plain ? "text" : (/soak:([a-z ]+)#/.exec(last)?.[1] ?? "text")
  return isKind(name) ? name : "text"
}

const words = Array.from({ length: 60 }, (_, i) => `word${i} `)
const calls: { readonly [K in Kind]?: ReadonlyArray<readonly [name: string, input: object]> } = {
  stdio: [["std__echo", { message: "over stdio" }]],
  http: [["web__echo", { message: "over http" }]],
  several: [
    ["std__get-sum", { a: 1, b: 2 }],
    ["web__echo", { message: "beside it" }],
    ["workspace__read_file", { path: "notes.txt" }]
  ],
  // An input that the tool refuses, a file that does not exist, and a tool that does not exist.
  fails: [
    ["std__echo", { wrong: true }],
    ["workspace__read_file", { path: "missing.txt" }],
    ["std__missing", {}]
  ],
  "cancelled in a tool": [["std__trigger-long-running-operation", { duration: 2, steps: 4 }]]
}
const refusals: { readonly [K in Kind]?: readonly [status: number, type: string] } = {
  limited: [429, "rate_limit_error"],
  overloaded: [529, "overloaded_error"],
  broken: [500, "api_error"]
}

/** A realistic usage: Parley uses it to estimate whether requests fit. */
const usageOf = (body: string) => ({
  input_tokens: Math.ceil(body.length / 4),
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  output_tokens: 60
})
const stream = (kind: Kind, usage: object): string => {
  const wanted = calls[kind] ?? []
  return wire.all(
    wire.start(usage),
    ...wire.text(0, ...words),
    ...wanted.flatMap(([name, input], i) => wire.toolUse(i + 1, name, JSON.stringify(input))),
    ...wire.stop(wanted.length > 0 ? "tool_use" : "end_turn")
  )
}

/** A model on loopback that responds by the kind of the message. Some kinds make the first attempt fail. */
export const startProvider = async () => {
  // The rounds whose first attempt failed. Their next attempt succeeds.
  const failed = new Set<string>()
  /** How often each kind, and a summary, was requested. */
  const asked: { [kind: string]: number } = {}
  const answer = (body: string, out: ServerResponse) => {
    const last = lastOf(body)
    const usage = usageOf(body)
    const kind = kindOf(last)
    const what = isSummary(last) ? "summary" : kind
    asked[what] = (asked[what] ?? 0) + 1
    const number = /#(\d+)#/.exec(last)?.[1] ?? ""
    const again = failed.delete(number)
    const refusal = refusals[kind]
    if (refusal !== undefined && !again) {
      failed.add(number)
      out.writeHead(refusal[0], { "content-type": "application/json" })
      return out.end(wire.apiError(refusal[1]))
    }
    out.writeHead(200, { "content-type": "text/event-stream" })
    if (kind === "breaks off" && !again) {
      failed.add(number)
      out.write(wire.all(wire.start(usage), ...wire.text(0, "half ")))
      return out.end(wire.all({ type: "error", error: { type: "overloaded_error", message: "scripted" } }))
    }
    // Sends no more until the client disconnects.
    if (kind === "cancelled") return out.write(wire.all(wire.start(usage), ...wire.text(0, "half ")))
    return out.end(stream(kind, usage))
  }
  const server = createServer((incoming: IncomingMessage, out) => {
    const parts: Array<Buffer> = []
    incoming.on("data", (part: Buffer) => parts.push(part))
    incoming.on("error", () => {})
    out.on("error", () => {})
    incoming.on("end", () => {
      if (incoming.url?.startsWith("/v1/messages?") !== true && incoming.url !== "/v1/messages")
        return out.writeHead(404).end()
      answer(Buffer.concat(parts).toString("utf8"), out)
    })
  })
  // Idle connections close before a sample is taken.
  server.keepAliveTimeout = 1000
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("the provider has no port")
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { url: `http://127.0.0.1:${address.port}`, asked, close }
}
