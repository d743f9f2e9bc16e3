import type { Block } from "@parley/domain/Content"
import type { ToolSizes } from "@parley/domain/Errors"
import type { Message } from "@parley/domain/Message"
import { type ModelInfo, type ModelRequest, ModelsManager } from "@parley/domain/ModelsManager"
import type { TokenCount } from "@parley/domain/RequestSize"
import type { ToolDefinition } from "@parley/domain/Tool"
import { byteLength } from "@parley/prompt/Digest"
import * as Effect from "effect/Effect"
import type { SessionState } from "../log/SessionState.ts"

/** Approximate maximum for an image according to providers. A document counts as text plus an image for each page. */
const imageTokens = 1600
const documentTokens = (data: string): number => Math.max(imageTokens, Math.ceil(data.length / 16))

/** Tokens for the field names and brackets around a block or a message. */
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

/** Caches a function by identity. Messages and tools are immutable, and consecutive requests contain the same objects. */
const once = <A extends object>(f: (value: A) => number): ((value: A) => number) => {
  const known = new WeakMap<A, number>()
  return (value) => {
    const before = known.get(value) ?? f(value)
    known.set(value, before)
    return before
  }
}

/**
 * Estimates tokens: a quarter of the UTF-8 bytes, and a fixed number for content other than text.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ofMessage = once((message: Message): number =>
  message.content.reduce((sum, block) => sum + blockTokens(block), frame)
)

/**
 * Estimates the tokens of several messages.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ofMessages = (messages: ReadonlyArray<Message>): number =>
  messages.reduce((sum, message) => sum + ofMessage(message), 0)

const ofTool = (tool: ToolDefinition): number =>
  frame + Math.ceil(byteLength(tool.name + tool.description + JSON.stringify(tool.inputSchema)) / 4)

/**
 * The size of each server's tool definitions in a request, largest first.
 *
 * @since 0.1.0
 * @category constructors
 */
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

/**
 * Estimates the tokens before the messages. Cached, because they are the same for all requests with one baseline.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ofStable = ({ system, tools }: Pick<ModelRequest, "system" | "tools">): number => {
  const known = stable.get(tools)
  if (known?.system === system) return known.tokens
  const tokens = Math.ceil(byteLength(system) / 4) + tools.reduce((sum, tool) => sum + ofTool(tool), 0)
  stable.set(tools, { system, tokens })
  return tokens
}

/** What of a request its size depends on. */
type Sized = Pick<ModelRequest, "system" | "tools" | "messages" | "output">

const ofOutput = once((schema: NonNullable<ModelRequest["output"]>): number =>
  Math.ceil(byteLength(JSON.stringify(schema)) / 4)
)

/**
 * Estimates the tokens of a whole request. Only messages that were not estimated before cost time.
 *
 * @since 0.1.0
 * @category functions
 */
export const estimate = (request: Sized): TokenCount => ({
  tokens:
    ofStable(request) + ofMessages(request.messages) + (request.output === undefined ? 0 : ofOutput(request.output)),
  by: "estimated"
})

/** A reported size below this share of the estimate is considered wrong and ignored. */
const leastReported = 1 / 2

/**
 * The size based on the provider's report for the previous request if that has the same beginning; otherwise an estimate.
 *
 * @since 0.1.0
 * @category functions
 */
export const known = (state: SessionState, request: Sized): TokenCount => {
  const estimated = estimate(request)
  if (state.reported === undefined) return estimated
  const added = state.history.length - state.reported.messages
  const tokens = state.reported.tokens + (added <= 0 ? 0 : ofMessages(request.messages.slice(-added)))
  return tokens < estimated.tokens * leastReported ? estimated : { tokens, by: "reported" }
}

/**
 * Maximum size of a request in tokens: the context window less the longest response. Undefined if the window is unknown.
 *
 * @since 0.1.0
 * @category functions
 */
export const limitOf = ({ contextWindow, maxOutput = 8192 }: ModelInfo): number | undefined =>
  contextWindow === undefined ? undefined : contextWindow - Math.min(maxOutput, Math.floor(contextWindow / 2))

/** An estimate above this share of the limit makes it worthwhile to let the provider count the request. */
const near = 0.8

/**
 * Measures a request before it is sent. The provider counts it, if it supports that and the exact size matters: if an
 * estimate is near the limit, or if a size based on the provider's report exceeds it.
 *
 * @since 0.1.0
 * @category functions
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
  // If the provider cannot count the request now, the estimate is good enough.
  const counted = yield* Effect.orElseSucceed(models.count(request), () => undefined)
  return counted === undefined ? size : ({ tokens: counted, by: "counted" } satisfies TokenCount)
})
