import { canonical } from "@parley/domain/CanonicalJson"
import type { Block, ResultContent } from "@parley/domain/Content"
import type { Message } from "@parley/domain/Message"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import type { StopReason } from "@parley/domain/ProviderChunk"
import type { ToolOutcome } from "@parley/domain/Tool"
import * as Context from "effect/Context"
import type * as Schema from "effect/Schema"
import { key } from "./GenAi.ts"

/**
 * Whether spans contain what users, models and tools wrote: system prompts, messages, responses, and the input and output
 * of tools. Default: false. The bytes of images and documents, and the data that only the provider can read, are never
 * included.
 *
 * @since 0.1.0
 * @category services
 */
export const TelemetryContent = Context.Reference<boolean>("@parley/session/TelemetryContent", {
  defaultValue: () => false
})

type Part = { readonly [name: string]: Schema.Json }

const resultPart = (content: ResultContent): Part =>
  content._tag === "Text"
    ? { type: "text", content: content.text }
    : { type: "blob", modality: content._tag.toLowerCase(), mime_type: content.mediaType }

const part = (block: Block): Part => {
  switch (block._tag) {
    case "Text":
    case "Image":
    case "Document":
      return resultPart(block)
    case "Thinking":
      return { type: "reasoning", content: block.text }
    case "Opaque":
      return { type: block.kind }
    case "ToolCall":
      return { type: "tool_call", id: block.callId, name: block.name, arguments: block.input }
    case "ToolResult":
      return { type: "tool_call_response", id: block.callId, response: block.content.map(resultPart) }
  }
}

const message = ({ content, role }: Message): Part => ({ role, parts: content.map(part) })

/**
 * The content of a request, as attributes of its span.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ofRequest = ({ messages, system }: ModelRequest) => ({
  [key.system]: canonical([{ type: "text", content: system }]),
  [key.input]: canonical(messages.map(message))
})

/**
 * The content of a response, as far as it arrived.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ofResponse = (content: ReadonlyArray<Block>, stop: StopReason | undefined) => ({
  [key.output]: canonical([
    { ...message({ role: "assistant", content }), ...(stop === undefined ? {} : { finish_reason: stop }) }
  ])
})

/**
 * What a tool returned, or why it did not.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ofOutcome = (outcome: ToolOutcome) => ({
  [key.callResult]: "content" in outcome ? canonical(outcome.content.map(resultPart)) : outcome.reason
})
