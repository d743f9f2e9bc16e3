import type { Block } from "@parley/domain/Content"
import type { ModelInfo, ModelRequest } from "@parley/domain/ModelsManager"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import { isReadonlyArrayNonEmpty } from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as DemoBody from "./DemoBody.ts"
import { answer } from "./DemoRules.ts"
import type { ModelLimits, ModelProvider } from "./ModelProvider.ts"

export interface DemoOptions {
  /** The sentence that says how to get a real model. */
  readonly howToConfigure?: string
}

const id = "demo"
const describe = (model: string, { contextWindow, maxOutputTokens }: ModelLimits = {}): ModelInfo => ({
  ref: { provider: id, model },
  description: "offline demo model: no intelligence, follows fixed rules",
  price: { input: 0, output: 0 },
  // It reads all that it is sent; a window is for trying out what happens when one is full.
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

/** The usual rule of thumb, four characters to a token; only for show, since nothing is charged. */
const tokens = (characters: number): number => Math.ceil(characters / 4)

const inputLength = (request: ModelRequest): number =>
  request.system.length +
  request.tools.reduce((sum, tool) => sum + tool.name.length + tool.description.length, 0) +
  request.messages.reduce((sum, { content }) => sum + content.reduce((all, block) => all + lengthOf(block), 0), 0)

/** What a network would have delivered, read by read: two words to a chunk, two chunks to a read, each call in two pieces. */
const reads = (request: ModelRequest, about: string): ReadonlyArray<ReadonlyArray<ProviderChunk>> => {
  const { calls, text } = answer(request, about)
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
 * A model that needs no network and no key: to try Parley, to see tools run, and for tests. The same request always gives
 * the same chunks. It follows a handful of rules (`DemoRules`) and says so.
 */
export const make = (options: DemoOptions = {}): ModelProvider => {
  const about = [
    "I am the offline demo model: no intelligence, I follow fixed rules.",
    'I can use the workspace\'s tools if you write "list the files here", "read README.md", "what is in a.txt and b.txt" or "search for TODO".',
    options.howToConfigure ?? "For a real model, set ANTHROPIC_API_KEY and choose one that `parley models` lists."
  ].join(" ")
  return {
    id,
    models: [describe("demo")],
    preferred: "demo",
    describe,
    render: DemoBody.pieces,
    stream: (request) =>
      Stream.fromPull(
        Effect.sync(() => {
          const left = reads(request, about).values()
          // Yielding lets whoever watches see each read by itself, without any waiting.
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
