import { text } from "@parley/domain/Content"
import type { CapReached, PriceUnknown, StorageError } from "@parley/domain/Errors"
import type { ModelError } from "@parley/domain/ModelError"
import type { ModelRef } from "@parley/domain/ModelRef"
import { type ModelRequest, ModelsManager } from "@parley/domain/ModelsManager"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import type { ToolDefinition } from "@parley/domain/Tool"
import { cost, type Usage, zero } from "@parley/domain/Usage"
import * as Budget from "@parley/session/Budget"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"

const tool: ToolDefinition = {
  name: "report_ready",
  server: "parley",
  tool: "report_ready",
  description: "Reports that tool calls work.",
  inputSchema: { type: "object", properties: { word: { type: "string" } }, required: ["word"] }
}

const message = `This is a test of the connection. Write the word "ready" as text, and in the same answer call the tool ${tool.name} with the word "ready".`

/** More than the tokens of the request. */
const inputTokens = 1000

/**
 * How a model answered one tiny request.
 *
 * @since 0.1.0
 * @category models
 */
export interface Trial {
  readonly text: boolean
  readonly toolCall: boolean
  /** Milliseconds until the first chunk of the response, and until its end. */
  readonly firstMillis: number | undefined
  readonly millis: number
  readonly usage: Usage
  /** US dollars, if the price is known. */
  readonly cost: number | undefined
}

interface Seen {
  readonly text: boolean
  readonly toolCall: boolean
  readonly first: number | undefined
  readonly usage: Usage
}

const see = (seen: Seen, chunk: ProviderChunk, now: number): Seen => {
  const after = { ...seen, first: seen.first ?? now }
  switch (chunk._tag) {
    case "TextDelta":
      return { ...after, text: after.text || chunk.text.trim() !== "" }
    case "ToolCallStart":
      return { ...after, toolCall: after.toolCall || chunk.name === tool.name }
    case "UsageSoFar":
    case "Finish":
      return { ...after, usage: chunk.usage }
    default:
      return after
  }
}

/**
 * Sends one tiny request, without retries, that asks for a text and a tool call. The tool does not exist, and nothing is
 * run or stored. A shared budget applies. Has no time limit of its own besides those of the HTTP client.
 *
 * @since 0.1.0
 * @category functions
 */
export const run = Effect.fn("ModelTrial.run")(function* (
  model: ModelRef
): Effect.fn.Return<Trial, ModelError | CapReached | PriceUnknown | StorageError, ModelsManager> {
  const models = yield* ModelsManager
  const info = yield* models.describe(model)
  const { price, settings } = info
  const request: ModelRequest = {
    model,
    system: "",
    tools: [tool],
    messages: [{ role: "user", content: [text(message)] }],
    ...(settings === undefined ? {} : { settings })
  }
  const began = yield* Clock.currentTimeMillis
  const nothing: Seen = { text: false, toolCall: false, first: undefined, usage: zero }
  let seen = nothing
  const send = models.stream(request).pipe(
    Stream.mapEffect((chunk) => Effect.map(Clock.currentTimeMillis, (now) => ({ chunk, now }))),
    Stream.runForEach(({ chunk, now }) => Effect.sync(() => void (seen = see(seen, chunk, now))))
  )
  const worst = (yield* Budget.Budget) === undefined ? 0 : yield* Budget.worstOf(info, inputTokens)
  // What a response that broke off costs is often not reported. A request without any response is taken as not received.
  const spent = (exit: Exit.Exit<void, ModelError>): number => {
    if (price === undefined) return worst
    return Exit.isSuccess(exit) || seen.first === undefined ? cost(seen.usage, price) : worst
  }
  yield* Budget.reserving(worst, send, spent)
  const ended = yield* Clock.currentTimeMillis
  return {
    text: seen.text,
    toolCall: seen.toolCall,
    firstMillis: seen.first === undefined ? undefined : seen.first - began,
    millis: ended - began,
    usage: seen.usage,
    cost: price === undefined ? undefined : cost(seen.usage, price)
  }
})
