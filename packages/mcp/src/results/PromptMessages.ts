import type { ResultContent } from "@parley/domain/Content"
import { text } from "@parley/domain/Content"
import type { PromptMessage, ResourceContent } from "@parley/domain/McpCatalog"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { plainLine } from "@parley/domain/VisibleText"
import { readContents } from "./ResourceContents.ts"
import { toOutput } from "./ToolResults.ts"

const maxMessages = 100
/** The limit for the text of all messages together, in UTF-16 code units. */
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

/** Converts one content block for a model: embedded resources as in `resources/read`, all else as in a tool's result. */
const blocksOf = (content: unknown): ReadonlyArray<ResultContent> => {
  const embedded = Option.getOrUndefined(decodeEmbedded(content))
  if (embedded === undefined) return toOutput({ content: [content] }).content
  const resource =
    typeof content === "object" && content !== null && "resource" in content ? content.resource : undefined
  return (readContents({ contents: [resource] }, embedded.resource.uri) ?? []).flatMap(shown)
}

/** Applies the limits of a prompt as a whole, block by block. */
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
 * Decodes a response to `prompts/get`; `undefined` if it is not one. An invalid message is replaced by a note. Sizes are
 * limited as for the content of tools and resources.
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
