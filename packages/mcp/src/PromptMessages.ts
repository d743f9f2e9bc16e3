import type { ResultContent } from "@parley/domain/Content"
import { text } from "@parley/domain/Content"
import type { PromptMessage, ResourceContent } from "@parley/domain/McpOffers"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { plainLine } from "./PlainText.ts"
import { readContents } from "./ResourceContents.ts"
import { toOutput } from "./ToolResults.ts"

const maxMessages = 100
/** Characters of text of all messages together. */
const maxText = 1024 * 1024
const maxMedia = 20

const decodeAnswer = Schema.decodeUnknownOption(Schema.Struct({ messages: Schema.Array(Schema.Unknown) }))
const decodeMessage = Schema.decodeUnknownOption(
  Schema.Struct({ role: Schema.Literals(["user", "assistant"]), content: Schema.Unknown })
)
const decodeEmbedded = Schema.decodeUnknownOption(
  Schema.Struct({ type: Schema.Literal("resource"), resource: Schema.Struct({ uri: Schema.String }) })
)

const shown = (part: ResourceContent): ReadonlyArray<ResultContent> => {
  const heading = `[resource <${part.uri}>${part._tag === "Text" && part.mimeType !== undefined ? ` ${part.mimeType}` : ""}]`
  switch (part._tag) {
    case "Text":
      return [text(`${heading}\n${part.text}`)]
    case "Media":
      return [text(heading), part.block]
    case "Described":
      return [text(`${heading}\n[${part.words}]`)]
  }
}

/** One block of a message as a model may see it: what is said, shown or linked to as in a tool's result, resources as read. */
const blocksOf = (content: unknown): ReadonlyArray<ResultContent> => {
  const embedded = Option.getOrUndefined(decodeEmbedded(content))
  if (embedded === undefined) return toOutput({ content: [content] }).content
  const resource =
    typeof content === "object" && content !== null && "resource" in content ? content.resource : undefined
  return (readContents({ contents: [resource] }, embedded.resource.uri) ?? []).flatMap(shown)
}

/** The limits of a prompt as a whole. */
const limiter = () => {
  let left = maxText
  let media = maxMedia
  return (block: ResultContent): ResultContent => {
    if (block._tag !== "Text")
      return media-- > 0 ? block : text(`[${plainLine(block.mediaType)}: one too many to be shown]`)
    const over = block.text.length - left
    if (over <= 0) {
      left -= block.text.length
      return block
    }
    const kept = block.text.slice(0, left).toWellFormed()
    left = 0
    return text(`${kept}[… ${over} more characters are left out]`)
  }
}

/**
 * What a server answered to `prompts/get`; undefined when that is something else. A message that is none is said to be left
 * out; everything is bounded as the content of tools and resources is.
 */
export const readMessages = (answer: unknown): ReadonlyArray<PromptMessage> | undefined => {
  const messages = Option.getOrUndefined(decodeAnswer(answer))?.messages
  if (messages === undefined) return undefined
  const limited = limiter()
  const read = messages.slice(0, maxMessages).map((value): PromptMessage => {
    const message = Option.getOrUndefined(decodeMessage(value))
    if (message === undefined) return { role: "user", content: [text("[a message that cannot be read is left out]")] }
    const content: ReadonlyArray<unknown> = Array.isArray(message.content) ? message.content : [message.content]
    return { role: message.role, content: content.slice(0, maxMessages).flatMap(blocksOf).map(limited) }
  })
  const beyond = messages.length - maxMessages
  return beyond <= 0 ? read : [...read, { role: "user", content: [text(`[${beyond} more messages are left out]`)] }]
}
