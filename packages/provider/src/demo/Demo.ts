import { isReadonlyArrayNonEmpty } from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Block } from "@parley/domain/Content"
import type { ModelInfo, ModelRequest } from "@parley/domain/ModelsManager"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import { answer } from "./DemoRules.ts"
import * as DemoSample from "./DemoSample.ts"
import type { ModelLimits, ModelProvider } from "../contract/ModelProvider.ts"
import type { Message } from "@parley/domain/Message"
import type { Piece } from "@parley/domain/RequestSize"
import { envelope, list } from "../request/Pieces.ts"

/**
 * Options of the offline demo model.
 *
 * @since 0.1.0
 * @category models
 */
export interface DemoOptions {
  /** The sentence of the demo model's text that explains how to configure a real model. */
  readonly howToConfigure?: string
}

const id = "demo"
const describe = (model: string, { contextWindow, maxOutputTokens }: ModelLimits = {}): ModelInfo => ({
  ref: { provider: id, model },
  description: "offline demo model: no intelligence, follows fixed rules",
  price: { input: 0, output: 0 },
  efforts: [],
  // The demo model reads everything. A configured window serves to try out what happens when it is full.
  ...(contextWindow === undefined ? {} : { contextWindow }),
  ...(maxOutputTokens === undefined ? {} : { maxOutput: maxOutputTokens })
})

const lengthOf = (block: Block): number => {
  switch (block._tag) {
    case "Text":
    case "Thinking":
      return block.text.length
    case "Opaque":
      return block.raw.length
    case "Image":
    case "Document":
      return block.data.length
    case "ToolCall":
      return block.name.length + block.input.length
    case "ToolResult":
      return block.content.reduce((sum, part) => sum + lengthOf(part), 0)
  }
}

/** The usual rule of thumb, four characters per token. It is only for display, because the demo model costs nothing. */
const tokens = (characters: number): number => Math.ceil(characters / 4)

const inputLength = (request: ModelRequest): number =>
  request.system.length +
  request.tools.reduce((sum, tool) => sum + tool.name.length + tool.description.length, 0) +
  request.messages.reduce((sum, { content }) => sum + content.reduce((all, block) => all + lengthOf(block), 0), 0)

const ofMessage = ({ content, role }: Message, message: number): ReadonlyArray<Piece> => [
  envelope(`${message === 0 ? "" : ","}{"role":"${role}","content":[`),
  ...list(content.map((part, block) => ({ of: { _tag: "Block", message, block }, text: JSON.stringify(part) }))),
  envelope("]}")
]

/** The request as JSON, in pieces. Nothing is sent to the demo model; this is what would be sent. */
const bodyOf = ({ messages, model, output, system, tools }: ModelRequest): ReadonlyArray<Piece> => [
  envelope(`{"model":${JSON.stringify(model.model)},"tools":[`),
  ...list(tools.map((tool) => ({ of: { _tag: "Tool", name: tool.name }, text: JSON.stringify(tool) }))),
  envelope(`],"system":`),
  { of: { _tag: "System" }, text: JSON.stringify(system) },
  envelope(`,"messages":[`),
  ...messages.flatMap(ofMessage),
  envelope(output === undefined ? "]}" : `],"output":${JSON.stringify(output)}}`)
]

/** Simulates network reads: two words per chunk, two chunks per read, and the input of each call in two chunks. */
const reads = (request: ModelRequest, about: string): ReadonlyArray<ReadonlyArray<ProviderChunk>> => {
  const answered = answer(request, about)
  const { calls } = answered
  const text =
    request.output === undefined || calls.length > 0 ? answered.text : DemoSample.structured(request, request.output)
  const deltas = (text.match(/\s*\S+(?:\s+\S+)?(?:\s+$)?/g) ?? []).map((piece): ProviderChunk => ({
    _tag: "TextDelta",
    index: 0,
    text: piece
  }))
  const texts = Array.from({ length: Math.ceil(deltas.length / 2) }, (_, i) => deltas.slice(2 * i, 2 * i + 2))
  const asked = calls.map(({ input, tool }, i): ReadonlyArray<ProviderChunk> => {
    const index = i + 1
    const half = Math.ceil(input.length / 2)
    return [
      { _tag: "ToolCallStart", index, providerId: `demo_${request.messages.length}_${index}`, name: tool.name },
      { _tag: "ToolInputDelta", index, json: input.slice(0, half) },
      { _tag: "ToolInputDelta", index, json: input.slice(half) }
    ]
  })
  const output = text.length + calls.reduce((sum, { input, tool }) => sum + tool.name.length + input.length, 0)
  const finish: ProviderChunk = {
    _tag: "Finish",
    stop: calls.length > 0 ? "tool-calls" : "end",
    usage: {
      inputTokens: tokens(inputLength(request)),
      outputTokens: tokens(output),
      cacheReadTokens: 0,
      cacheWriteTokens: 0
    }
  }
  return [...texts, ...asked, [finish]]
}

/**
 * A model that needs neither network nor key, for trying out Parley and its tools, and for tests. The same request always
 * produces the same chunks. It follows a few fixed rules (`DemoRules`), and tells the user so.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: DemoOptions = {}): ModelProvider => {
  const about = [
    "I am the offline demo model: no intelligence, I follow fixed rules.",
    'I can use the workspace\'s tools if you write "list the files here", "read README.md", "what is in a.txt and b.txt" or "search for TODO".',
    options.howToConfigure ?? "For a real model, set ANTHROPIC_API_KEY."
  ].join(" ")
  return {
    id,
    models: [describe("demo")],
    preferred: "demo",
    describe,
    structured: ({ output }) => output !== undefined,
    render: bodyOf,
    stream: (request) =>
      Stream.fromPull(
        Effect.sync(() => {
          const left = reads(request, about).values()
          // Yielding lets consumers see each read separately, without a delay.
          return Effect.andThen(
            Effect.yieldNow,
            Effect.suspend(() => {
              const { done, value } = left.next()
              return done !== true && isReadonlyArrayNonEmpty(value) ? Effect.succeed(value) : Cause.done()
            })
          )
        })
      )
  }
}
