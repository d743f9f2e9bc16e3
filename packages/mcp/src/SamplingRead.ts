import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Block } from "@parley/domain/Content"
import type { Message } from "@parley/domain/Message"
import type { Sampling } from "@parley/domain/ServerRequests"
import { byteLength, wellFormed } from "./PlainText.ts"
import { resultLimits, toOutput } from "./ToolResults.ts"

/** How much one call of a tool may have a model do. */
export const samplingLimits = {
  /** Requests while one call runs. */
  requests: 5,
  messages: 50,
  /** Of all texts together. What fits a result of a tool fits a message, and nothing of it is left out. */
  textBytes: resultLimits.textBytes,
  /** Of one answer. */
  maxTokens: 4096
}

const Params = Schema.Struct({
  messages: Schema.Array(Schema.Struct({ role: Schema.Literals(["user", "assistant"]), content: Schema.Unknown })),
  systemPrompt: Schema.optionalKey(Schema.String),
  maxTokens: Schema.Int.check(Schema.isGreaterThan(0))
})
const decode = Schema.decodeUnknownOption(Params)

/** Content of a message is what a tool may answer with; of what the model said itself only text is taken. */
const blocksOf = (role: "user" | "assistant", content: unknown): ReadonlyArray<Block> => {
  const blocks: ReadonlyArray<Block> = toOutput({ content: Array.isArray(content) ? content : [content] }).content
  return blocks.filter(({ _tag }) => _tag === "Text" || (role === "user" && _tag === "Image"))
}

/** Neighbours of one role are one message: providers want roles to alternate. */
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

/** Of the texts as they came: what is too long must not first be cut. */
const bytesOf = (messages: typeof Params.Type.messages): number =>
  messages
    .flatMap(({ content }) => (Array.isArray(content) ? content : [content]))
    .reduce<number>((sum, part) => sum + (isText(part) ? byteLength(part.text) : 0), 0)

/** What a server wants a model to be asked, or in words why nobody will be. */
export const readSampling = (server: string, ask: boolean, params: unknown): Sampling | string => {
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
  return { server, ask, system, messages, maxTokens: Math.min(decoded.maxTokens, samplingLimits.maxTokens) }
}
