import type { Block, ResultContent, ToolResult } from "@parley/domain/Content"
import type { CallId } from "@parley/domain/Ids"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import type { ToolDefinition } from "@parley/domain/Tool"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Prompt from "effect/ai/Prompt"
import * as Tool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import { foreign } from "../request/SendableText.ts"

/** Reasoning as this provider keeps it: its text, and the metadata that the model expects back, such as a signature. */
export const Reasoning = Schema.Struct({ text: Schema.String, options: Schema.Record(Schema.String, Schema.Json) })
const decodeReasoning = Schema.decodeOption(Schema.fromJsonString(Reasoning))
const decodeJson = Schema.decodeOption(Schema.fromJsonString(Schema.Json))

const fileOrText = (block: ResultContent): Prompt.TextPartEncoded | Prompt.FilePartEncoded => {
  switch (block._tag) {
    case "Text":
      return { type: "text", text: block.text }
    case "Image":
      return { type: "file", mediaType: block.mediaType, data: block.data }
    case "Document":
      return {
        type: "file",
        mediaType: block.mediaType,
        data: block.data,
        ...(block.name === undefined ? {} : { fileName: block.name })
      }
  }
}

/** The names of the calls of a request, by id. */
type Names = ReadonlyMap<CallId, string>

const namesOf = ({ messages }: ModelRequest): Names =>
  new Map(
    messages.flatMap(({ content }) =>
      content.flatMap((block) => (block._tag === "ToolCall" ? [[block.callId, block.name] as const] : []))
    )
  )

const resultOf = ({ callId, content, isError }: ToolResult, names: Names): Prompt.ToolResultPartEncoded => {
  const name = names.get(callId) ?? "unknown"
  const text = content.map((part) => (part._tag === "Text" ? part.text : `[${part.mediaType}]`)).join("\n")
  // What is not text cannot be in `result`, so the model receives the parts themselves.
  const isText = content.every((part) => part._tag === "Text")
  return {
    type: "tool-result",
    id: callId,
    name,
    isFailure: isError,
    result: text,
    ...(isText ? {} : { modelOutput: content.map(fileOrText) })
  }
}

const assistantPart = (id: string, block: Block): ReadonlyArray<Prompt.AssistantMessagePartEncoded> => {
  switch (block._tag) {
    case "Text":
      return [{ type: "text", text: block.text }]
    case "Thinking": {
      const reasoning = block.provider === id ? Option.getOrUndefined(decodeReasoning(block.raw)) : undefined
      return reasoning === undefined ? [] : [{ type: "reasoning", ...reasoning }]
    }
    case "ToolCall":
      // Arguments that are not valid JSON were answered with an error; the model sees what it wrote.
      return [
        {
          type: "tool-call",
          // Not the id of the model that made the call: it may be another model, or have used an id twice.
          id: block.callId,
          name: block.name,
          params: Option.getOrElse(decodeJson(block.input === "" ? "{}" : block.input), () => ({ input: block.input }))
        }
      ]
    case "Opaque": {
      const text = foreign(block)
      return text === "" ? [] : [{ type: "text", text }]
    }
    default:
      return []
  }
}

/** The messages of a request as a prompt of `effect/ai`. Tool results are in a message of their own, before other content. */
export const promptOf = (id: string, request: ModelRequest): ReadonlyArray<Prompt.MessageEncoded> => {
  const names = namesOf(request)
  const messages = request.messages.flatMap(({ content, role }): ReadonlyArray<Prompt.MessageEncoded> => {
    if (role === "assistant") {
      const parts = content.flatMap((block) => assistantPart(id, block))
      return parts.length === 0 ? [] : [{ role, content: parts }]
    }
    const results = content.flatMap((block) => (block._tag === "ToolResult" ? [resultOf(block, names)] : []))
    const parts = content.flatMap((block) =>
      block._tag === "Text" || block._tag === "Image" || block._tag === "Document" ? [fileOrText(block)] : []
    )
    return [
      ...(results.length === 0 ? [] : [{ role: "tool" as const, content: results }]),
      ...(parts.length === 0 ? [] : [{ role, content: parts }])
    ]
  })
  return [...(request.system === "" ? [] : [{ role: "system" as const, content: request.system }]), ...messages]
}

const toolOf = ({ description, inputSchema, name }: ToolDefinition) =>
  Tool.dynamic(name, { description, parameters: inputSchema })

/** Tools by name. Their input is a JSON Schema, so `effect/ai` does not decode it. */
export type Tools = Record<string, ReturnType<typeof toolOf>>

/** The tools of a request. They are never run here: the engine runs them. */
export const toolkitOf = (tools: ReadonlyArray<ToolDefinition>): Toolkit.WithHandler<Tools> => ({
  tools: Object.fromEntries(tools.map((tool) => [tool.name, toolOf(tool)])),
  handle: (name) => Effect.die(`the tool ${name} is run by the engine`)
})
