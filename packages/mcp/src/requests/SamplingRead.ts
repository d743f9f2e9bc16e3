import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Block } from "@parley/domain/Content"
import type { Message } from "@parley/domain/Message"
import type { FromServer, Sampling } from "@parley/domain/ServerRequests"
import { wellFormed } from "@parley/domain/VisibleText"
import { byteLength } from "../text/Cut.ts"
import { resultLimits, toOutput } from "../results/ToolResults.ts"

/** Limits for the sampling requests that a server makes during one tool call. */
export const samplingLimits = {
  /** Number of requests while a call runs. */
  requests: 5,
  messages: 50,
  /** Bytes of all texts of a request together. The same limit as for a tool's result, so nothing is truncated here. */
  textBytes: resultLimits.textBytes,
  /** Tokens of one response. */
  maxTokens: 4096
}

const Params = Schema.Struct({
  messages: Schema.Array(Schema.Struct({ role: Schema.Literals(["user", "assistant"]), content: Schema.Unknown })),
  systemPrompt: Schema.optionalKey(Schema.String),
  maxTokens: Schema.Int.check(Schema.isGreaterThan(0))
})
const decode = Schema.decodeUnknownOption(Params)

/** Messages may contain the same content as tool results. Only text is accepted in messages of the assistant. */
const blocksOf = (role: "user" | "assistant", content: unknown): ReadonlyArray<Block> => {
  const blocks: ReadonlyArray<Block> = toOutput({ content: Array.isArray(content) ? content : [content] }).content
  return blocks.filter(({ _tag }) => _tag === "Text" || (role === "user" && _tag === "Image"))
}

/** Merges consecutive messages of the same role, since providers require roles to alternate. */
const joined = (messages: ReadonlyArray<Message>): ReadonlyArray<Message> => {
  const all: Array<Message> = []
  for (const message of messages) {
    const last = all.at(-1)
    if (last?.role === message.role)
      all[all.length - 1] = { role: last.role, content: [...last.content, ...message.content] }
    else all.push(message)
  }
  return all
}

const isText = Schema.is(Schema.Struct({ text: Schema.String }))

/** The size of all texts as received, before any truncation, so that a request that is too long is refused. */
const bytesOf = (messages: typeof Params.Type.messages): number =>
  messages
    .flatMap(({ content }) => (Array.isArray(content) ? content : [content]))
    .reduce<number>((sum, part) => sum + (isText(part) ? byteLength(part.text) : 0), 0)

/** Decodes a sampling request. Returns the reason as text if it is refused. */
export const readSampling = (from: FromServer, ask: boolean, params: unknown): Sampling | string => {
  const decoded = Option.getOrUndefined(decode(params))
  if (decoded === undefined) return "the request is not valid"
  if (decoded.messages.length > samplingLimits.messages) return "there are too many messages"
  const system = wellFormed(decoded.systemPrompt ?? "")
  if (bytesOf(decoded.messages) + byteLength(system) > samplingLimits.textBytes) return "the request is too long"
  const messages = joined(
    decoded.messages
      .map(({ content, role }) => ({ role, content: blocksOf(role, content) }))
      .filter(({ content }) => content.length > 0)
  )
  if (messages[0]?.role !== "user" || messages.at(-1)?.role !== "user")
    return "the first and the last message must be the user's"
  return { ...from, ask, system, messages, maxTokens: Math.min(decoded.maxTokens, samplingLimits.maxTokens) }
}
