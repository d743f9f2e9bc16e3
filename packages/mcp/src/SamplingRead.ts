import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Block } from "@parley/domain/Content"
import type { Message } from "@parley/domain/Message"
import type { Sampling } from "@parley/domain/ServerRequests"
import { wellFormed } from "./PlainText.ts"
import { toOutput } from "./ToolResults.ts"

/** How much one call of a tool may have a model do. */
export const samplingLimits = {
  /** Requests while one call runs. */
  requests: 5,
  messages: 50,
  /** Characters of all texts together. */
  characters: 200_000,
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

const charactersOf = (messages: ReadonlyArray<Message>): number =>
  messages
    .flatMap(({ content }) => content)
    .reduce((sum, block) => sum + (block._tag === "Text" ? block.text.length : 0), 0)

/** What a server wants a model to be asked, or in words why nobody will be. */
export const readSampling = (server: string, ask: boolean, params: unknown): Sampling | string => {
  const decoded = Option.getOrUndefined(decode(params))
  if (decoded === undefined) return "the request is not valid"
  if (decoded.messages.length > samplingLimits.messages) return "there are too many messages"
  const system = wellFormed(decoded.systemPrompt ?? "")
  const messages = joined(
    decoded.messages
      .map(({ content, role }) => ({ role, content: blocksOf(role, content) }))
      .filter(({ content }) => content.length > 0)
  )
  if (messages[0]?.role !== "user" || messages.at(-1)?.role !== "user")
    return "the first and the last message must be the user's"
  if (charactersOf(messages) + system.length > samplingLimits.characters) return "the request is too long"
  return { server, ask, system, messages, maxTokens: Math.min(decoded.maxTokens, samplingLimits.maxTokens) }
}
