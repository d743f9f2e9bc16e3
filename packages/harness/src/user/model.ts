import { createServer, type ServerResponse } from "node:http"
import { Effect, Schema, type Scope } from "effect"
import { Body } from "../provider/messagesBody.ts"
import { all, answer, apiError, delta, open, sse, start, stop, text, toolUse } from "../provider/wire.ts"

/** The first text of the model's responses. Tests wait for it to know that output has arrived. */
export const replies = { half: "Half a sentence", look: "Let me look", whole: "All is well." }

const half = all(start(), open(0, { type: "text", text: "" }), delta(0, { type: "text_delta", text: replies.half }))

/** Scripts by the name in `phase:NAME`; other names get a normal response. Names that end with `…` keep it open. */
const scripts: { readonly [name: string]: string } = {
  "text…": half,
  "input…":
    all(start(), ...text(0, replies.look)) +
    all(open(1, { type: "tool_use", id: "toolu_1", name: "slow__hang", input: {} })) +
    sse(delta(1, { type: "input_json_delta", partial_json: '{"path":"a' })),
  tools: all(start(), ...text(0, replies.look), ...toolUse(1, "slow__hang", "{}"), ...stop("tool_use"))
}

const rest = (words: string): string =>
  all(delta(0, { type: "text_delta", text: words }), { type: "content_block_stop", index: 0 }, ...stop("end_turn"))

export interface Model {
  readonly url: string
  /** The request bodies so far. */
  readonly bodies: ReadonlyArray<string>
  /** How many requests are waiting for `release` or `cut`. */
  readonly held: () => number
  /** Completes the waiting responses with more text. */
  readonly release: (words: string) => void
  /** Cuts the connections of all waiting responses. */
  readonly cut: () => void
}

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Body))

const nameOf = (body: string): string => {
  const last = decode(body).messages.at(-1)?.content.at(-1)
  return last?.type === "tool_result" ? "" : ([...(last?.text ?? "").matchAll(/phase:(\w+)/g)].at(-1)?.[1] ?? "")
}

const json = { "content-type": "application/json" }
const stream = { "content-type": "text/event-stream" }

/** Sends text for as long as the client reads it. */
const flood = (out: ServerResponse): void => {
  const piece = sse(delta(0, { type: "text_delta", text: "flood ".repeat(20_000) }))
  const more = () => {
    while (!out.destroyed && out.write(piece));
    if (!out.destroyed) out.once("drain", more)
  }
  out.write(half)
  more()
}

/** A Messages API on a socket that handles each message as its `phase:NAME` specifies. */
export const model: Effect.Effect<Model, never, Scope.Scope> = Effect.acquireRelease(
  Effect.callback<Model & { readonly close: () => void }>((resume) => {
    const bodies: Array<string> = []
    const holding = new Set<ServerResponse>()
    const hold = (out: ServerResponse) => {
      holding.add(out)
      out.on("close", () => holding.delete(out))
    }
    const reply = (name: string, out: ServerResponse) => {
      if (name === "headers") return hold(out)
      if (name === "retry")
        return out.writeHead(429, { ...json, "retry-after": "40" }).end(apiError("rate_limit_error"))
      out.writeHead(200, stream)
      if (name === "flood") return flood(out)
      const held = scripts[`${name}…`]
      if (held === undefined) return out.end(scripts[name] ?? answer(replies.whole))
      out.write(held)
      hold(out)
    }
    const server = createServer((incoming, out) => {
      const parts: Array<Buffer> = []
      incoming.on("data", (part: Buffer) => parts.push(part))
      for (const stream of [incoming, out]) stream.on("error", () => {})
      incoming.on("end", () => {
        const body = Buffer.concat(parts).toString("utf8")
        bodies.push(body)
        reply(nameOf(body), out)
      })
    })
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = typeof address === "object" ? address?.port : undefined
      resume(
        Effect.succeed({
          url: `http://127.0.0.1:${port}`,
          bodies,
          held: () => holding.size,
          release: (words: string) => holding.forEach((out) => out.end(rest(words))),
          cut: () => holding.forEach((out) => out.socket?.destroy()),
          close: () => {
            server.closeAllConnections()
            server.close()
          }
        })
      )
    })
  }),
  ({ close }) => Effect.sync(close)
)
