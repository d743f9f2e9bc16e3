import { createHash, createHmac } from "node:crypto"
import { createServer } from "node:http"
import { Effect, Schema } from "effect"
import { listening } from "../../packages/harness/src/provider/listening.ts"
import type { Exchange, Protocol, Sent } from "./thinkingProtocols.ts"

/** A provider that binds its thinking, and what it received. */
export interface ThinkingServer {
  readonly url: string
  readonly bodies: ReadonlyArray<string>
  readonly exchanges: ReadonlyArray<Exchange>
  /** The messages of the errors with which it refused requests. */
  readonly refusals: ReadonlyArray<string>
  /** From now on, refuses all thinking that it signed before. */
  readonly forget: () => void
  /** Makes the request with this number, counted from 1, fail because of its key. */
  readonly failAt: (request: number) => void
}

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Json))

/** The digests of what precedes each part of the request, and last that of the whole request. */
const prefixes = ({ beginning, parts }: Sent): ReadonlyArray<string> => {
  const next = (before: string, part: string) => createHash("sha256").update(before).update(part).digest("hex")
  const out = [next("", beginning)]
  for (const { json } of parts) out.push(next(out.at(-1) ?? "", json))
  return out
}

/**
 * A provider that thinks before each response and signs its thinking with an HMAC of the endpoint, the model and everything
 * that precedes it: system prompt, tools and messages. It refuses every request with thinking whose signature differs, unless
 * the request asks it to drop such thinking. It calls the tool `echo` for a message that begins with "call".
 */
export const thinkingServer = (protocol: Protocol) =>
  Effect.suspend(() => {
    const bodies: Array<string> = []
    const exchanges: Array<Exchange> = []
    const refusals: Array<string> = []
    let identity = ""
    let key = 0
    let failing = 0
    const sign = (model: string, prefix: string) =>
      createHmac("sha256", `${identity}/${key}`).update(`${model}\0${prefix}`).digest("base64")

    const reply = (body: string, betas: ReadonlyArray<string>): { readonly status: number; readonly body: string } => {
      const sent = protocol.read(decode(body), betas)
      const before = prefixes(sent)
      const thoughts = sent.parts.flatMap(({ signature }, i) => (signature === undefined ? [] : [{ i, signature }]))
      const foreign = thoughts.filter(({ i, signature }) => signature !== sign(sent.model, before[i] ?? ""))
      exchanges.push({ sent, thoughts: thoughts.length, dropped: sent.drops ? foreign.length : 0 })
      if (exchanges.length === failing) return { status: 401, body: protocol.refusal("invalid key") }
      const problem = sent.problem ?? (foreign.length > 0 && !sent.drops ? protocol.mismatch : undefined)
      if (problem !== undefined) {
        refusals.push(problem)
        return { status: 400, body: protocol.refusal(problem) }
      }
      const calls = sent.parts.at(-1)?.text?.startsWith("call") === true
      return { status: 200, body: protocol.answer(sign(sent.model, before.at(-1) ?? ""), calls, exchanges.length) }
    }

    const server = createServer((incoming, outgoing) => {
      const pieces: Array<Buffer> = []
      incoming.on("data", (piece: Buffer) => pieces.push(piece))
      incoming.on("end", () => {
        const body = Buffer.concat(pieces).toString("utf8")
        bodies.push(body)
        const betas = [incoming.headers["anthropic-beta"] ?? []].flat().flatMap((value) => value.split(","))
        const answer = reply(body, betas)
        const type = answer.status === 200 ? "text/event-stream" : "application/json"
        outgoing.writeHead(answer.status, { "content-type": type })
        outgoing.end(answer.body)
      })
    })
    return Effect.map(listening(server), (port): ThinkingServer => {
      identity = String(port)
      return {
        url: `http://127.0.0.1:${port}`,
        bodies,
        exchanges,
        refusals,
        forget: () => void key++,
        failAt: (request) => void (failing = request)
      }
    })
  })
