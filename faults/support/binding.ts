import { createHash } from "node:crypto"
import { createServer } from "node:http"
import { Effect, Schema } from "effect"
import { listening } from "../../packages/provider/test/support/listening.ts"
import {
  all,
  apiError,
  close,
  delta,
  open,
  start,
  stop,
  text,
  toolUse
} from "../../packages/provider/test/support/wire.ts"

const Block = Schema.Struct({
  type: Schema.String,
  text: Schema.optionalKey(Schema.String),
  signature: Schema.optionalKey(Schema.String)
})
export const Sent = Schema.Struct({
  model: Schema.String,
  system: Schema.optionalKey(Schema.Json),
  messages: Schema.Array(Schema.Struct({ role: Schema.String, content: Schema.Array(Block) }))
})
const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Sent))

export interface Binding {
  readonly url: string
  readonly bodies: ReadonlyArray<string>
  readonly requests: ReadonlyArray<typeof Sent.Type>
  /** From now on it knows no thinking that it has signed before. */
  readonly forget: () => void
  /** It fails the request of this number, counted from 1. */
  readonly failAt: (request: number) => void
}

/**
 * A Messages API that thinks before each answer, and binds what it thought to itself, the model and the system prompt: a request
 * with thinking that was signed for anything else is refused, in the words that are given. It calls a tool when it is told to.
 */
export const binding = (words: () => string = () => "messages.1.content.0: Invalid `signature` in `thinking` block") =>
  Effect.suspend(() => {
    const bodies: Array<string> = []
    const requests: Array<typeof Sent.Type> = []
    let key = 0
    let identity = ""
    let failing = 0
    const sign = ({ model, system }: typeof Sent.Type): string =>
      createHash("sha256")
        .update(JSON.stringify([identity, key, model, system]))
        .digest("base64")
    const reply = (sent: typeof Sent.Type): { readonly status: number; readonly body: string } => {
      if (requests.length === failing) return { status: 401, body: apiError("authentication_error") }
      const signature = sign(sent)
      const blocks = sent.messages.flatMap(({ content }) => content)
      const foreign = blocks.find((block) => block.type === "thinking" && block.signature !== signature)
      if (foreign !== undefined) return { status: 400, body: apiError("invalid_request_error", words()) }
      const last = blocks.at(-1)
      const thought = [
        open(0, { type: "thinking", thinking: "", signature: "" }),
        delta(0, { type: "thinking_delta", thinking: "so" }),
        delta(0, { type: "signature_delta", signature }),
        close(0)
      ]
      const calls = last?.text?.startsWith("call") === true
      return {
        status: 200,
        body: all(
          start(),
          ...thought,
          ...(calls ? toolUse(1, "echo", "{}") : text(1, "Fine.")),
          ...stop(calls ? "tool_use" : "end_turn")
        )
      }
    }
    const server = createServer((incoming, outgoing) => {
      const pieces: Array<Buffer> = []
      incoming.on("data", (piece: Buffer) => pieces.push(piece))
      incoming.on("end", () => {
        const body = Buffer.concat(pieces).toString("utf8")
        const sent = decode(body)
        bodies.push(body)
        requests.push(sent)
        const answer = reply(sent)
        outgoing.writeHead(answer.status, {
          "content-type": answer.status === 200 ? "text/event-stream" : "application/json"
        })
        outgoing.end(answer.body)
      })
    })
    return Effect.map(listening(server), (port): Binding => {
      identity = String(port)
      return {
        url: `http://127.0.0.1:${port}`,
        bodies,
        requests,
        forget: () => void key++,
        failAt: (request) => void (failing = request)
      }
    })
  })

/** How many blocks of thinking a request holds. */
export const thoughts = (request: typeof Sent.Type | undefined): number =>
  request?.messages.flatMap(({ content }) => content).filter(({ type }) => type === "thinking").length ?? -1
