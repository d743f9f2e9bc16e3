import type { Block } from "@parley/domain/Content"
import type { ToolSizes } from "@parley/domain/Errors"
import type { Message } from "@parley/domain/Message"
import { type ModelInfo, type ModelRequest, ModelsManager } from "@parley/domain/ModelsManager"
import type { TokenCount } from "@parley/domain/RequestSize"
import type { ToolDefinition } from "@parley/domain/Tool"
import { byteLength } from "@parley/prompt/Digest"
import * as Effect from "effect/Effect"
import type { SessionState } from "./SessionState.ts"

/** What providers say an image costs at most, roughly; a document is text and an image for each of its pages. */
const imageTokens = 1600
const documentTokens = (data: string): number => Math.max(imageTokens, Math.ceil(data.length / 16))

/** What the names and brackets around a block or a message cost. */
const frame = 8

const blockTokens = (block: Block): number => {
  switch (block._tag) {
    case "Text":
      return frame + Math.ceil(byteLength(block.text) / 4)
    case "Thinking":
    case "Opaque":
      return frame + Math.ceil(byteLength(block.raw) / 4)
    case "Image":
      return imageTokens
    case "Document":
      return documentTokens(block.data)
    case "ToolCall":
      return frame + Math.ceil(byteLength(block.name + block.input) / 4)
    case "ToolResult":
      return frame + block.content.reduce((sum, part) => sum + blockTokens(part), 0)
  }
}

/** Works out once what never changes: messages and tools are the same objects in request after request. */
const once = <A extends object>(f: (value: A) => number): ((value: A) => number) => {
  const known = new WeakMap<A, number>()
  return (value) => {
    const before = known.get(value) ?? f(value)
    known.set(value, before)
    return before
  }
}

/** An estimate in tokens: a quarter of the bytes, and a fixed price for what is not text. */
export const ofMessage = once((message: Message): number =>
  message.content.reduce((sum, block) => sum + blockTokens(block), frame)
)

export const ofMessages = (messages: ReadonlyArray<Message>): number =>
  messages.reduce((sum, message) => sum + ofMessage(message), 0)

const ofTool = (tool: ToolDefinition): number =>
  frame + Math.ceil(byteLength(tool.name + tool.description + JSON.stringify(tool.inputSchema)) / 4)

/** What the tools of each server take of a request, the most first. */
export const ofServers = (tools: ReadonlyArray<ToolDefinition>): ToolSizes => {
  const sizes = new Map<string, ToolSizes[number]>()
  for (const tool of tools) {
    const { server } = tool
    const before = sizes.get(server) ?? { server, tools: 0, tokens: 0 }
    sizes.set(server, { server, tools: before.tools + 1, tokens: before.tokens + ofTool(tool) })
  }
  return [...sizes.values()].toSorted((left, right) => right.tokens - left.tokens)
}

const stable = new WeakMap<ReadonlyArray<ToolDefinition>, { readonly system: string; readonly tokens: number }>()

/** What stands before the messages. It is the same in request after request, so it is worked out once for a baseline. */
export const ofStable = ({ system, tools }: Pick<ModelRequest, "system" | "tools">): number => {
  const known = stable.get(tools)
  if (known?.system === system) return known.tokens
  const tokens = Math.ceil(byteLength(system) / 4) + tools.reduce((sum, tool) => sum + ofTool(tool), 0)
  stable.set(tools, { system, tokens })
  return tokens
}

export const estimate = (request: ModelRequest): TokenCount => ({
  tokens: ofStable(request) + ofMessages(request.messages),
  by: "estimated"
})

/** A provider that counts less than half of what there seems to be does not count. */
const leastReported = 1 / 2

/** From what the provider said of the request before, if there was one with the same beginning. */
const known = (state: SessionState, request: ModelRequest): TokenCount => {
  const estimated = estimate(request)
  if (state.reported === undefined) return estimated
  const added = state.history.length - state.reported.messages
  const tokens = state.reported.tokens + (added <= 0 ? 0 : ofMessages(request.messages.slice(-added)))
  return tokens < estimated.tokens * leastReported ? estimated : { tokens, by: "reported" }
}

/** Tokens that a request may have: what the model takes, less its longest answer. Undefined where that is not known. */
export const limitOf = ({ contextWindow, maxOutput = 8192 }: ModelInfo): number | undefined =>
  contextWindow === undefined ? undefined : contextWindow - Math.min(maxOutput, Math.floor(contextWindow / 2))

/** From here on it is worth asking the provider how large a request is. */
const near = 0.8

/**
 * How large a request is, before it is sent. The provider is asked where it can be and the answer matters: when an estimate
 * comes near the limit, or when what it reported before would go beyond.
 */
export const measure = Effect.fn("RequestSize.measure")(function* (
  state: SessionState,
  request: ModelRequest,
  limit: number | undefined
) {
  const size = known(state, request)
  const models = yield* ModelsManager
  if (models.count === undefined || limit === undefined) return size
  if (size.tokens <= limit * (size.by === "estimated" ? near : 1)) return size
  // Who cannot be asked now is not a reason to fail: an estimate is what there was before.
  const counted = yield* Effect.orElseSucceed(models.count(request), () => undefined)
  return counted === undefined ? size : ({ tokens: counted, by: "counted" } satisfies TokenCount)
})
