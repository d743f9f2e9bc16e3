import * as Metric from "effect/Metric"
import type { ModelRef } from "@parley/domain/ModelRef"
import { allInput, type Usage } from "@parley/domain/Usage"

/**
 * The attributes of spans and metrics. Names and values follow the OpenTelemetry semantic conventions for generative AI
 * (1.41); names that begin with `parley.` have no counterpart there.
 */
export const key = {
  operation: "gen_ai.operation.name",
  provider: "gen_ai.provider.name",
  model: "gen_ai.request.model",
  stream: "gen_ai.request.stream",
  /** The id of the session. */
  conversation: "gen_ai.conversation.id",
  round: "parley.round.id",
  /** How the round ended: `completed`, `failed` or `cancelled`. */
  roundStatus: "parley.round.status",
  /** `compaction` for a round, `summary` for a turn that is not part of the conversation. */
  purpose: "parley.purpose",
  /** `json` if the answer has to follow a schema. */
  outputType: "gen_ai.output.type",
  turn: "parley.turn.id",
  /** 1 for the first attempt of a request, one more for each retry. */
  attempt: "parley.turn.attempt",
  /** The model that would have been asked, as `PROVIDER/MODEL`, if this is one of its fallback models. */
  fallbackFor: "parley.fallback.for",
  finishReasons: "gen_ai.response.finish_reasons",
  responseId: "gen_ai.response.id",
  timeToFirstChunk: "gen_ai.response.time_to_first_chunk",
  /** All input, including what was read from the cache and written to it. */
  inputTokens: "gen_ai.usage.input_tokens",
  outputTokens: "gen_ai.usage.output_tokens",
  cacheReadTokens: "gen_ai.usage.cache_read.input_tokens",
  cacheWriteTokens: "gen_ai.usage.cache_creation.input_tokens",
  /** US dollars, if the price of the model is known. */
  cost: "parley.usage.cost",
  tokenType: "gen_ai.token.type",
  tool: "gen_ai.tool.name",
  call: "gen_ai.tool.call.id",
  /** The tag of the `ToolOutcome`. */
  outcome: "parley.tool.outcome",
  /** The tag of the error, or of the reason of a `ModelError`. */
  error: "error.type",
  // Content: only with `TelemetryContent`.
  system: "gen_ai.system_instructions",
  input: "gen_ai.input.messages",
  output: "gen_ai.output.messages",
  callInput: "gen_ai.tool.call.arguments",
  callResult: "gen_ai.tool.call.result"
} as const

/** The buckets of the conventions for durations, in seconds: 10 ms to 82 s. */
const durations = Array.from({ length: 14 }, (_, i) => 2 ** i / 100)
/** The buckets of the conventions for numbers of tokens: 1 to 67 million. */
const tokens = Array.from({ length: 14 }, (_, i) => 4 ** i)

/** The exporter reads the unit from the attribute `unit`. */
const seconds = (name: string, description: string) =>
  Metric.histogram(name, { description, attributes: { unit: "s" }, boundaries: durations })

export const operationDuration = seconds(
  "gen_ai.client.operation.duration",
  "From the request to a model to the end of its response, successful or not"
)
export const timeToFirstChunk = seconds(
  "gen_ai.client.operation.time_to_first_chunk",
  "From the request to a model to the first part of its response"
)
/** One value per response, so that chunks cost nothing: the conventions record one value per chunk. */
export const timePerOutputChunk = seconds(
  "gen_ai.client.operation.time_per_output_chunk",
  "The average time between two parts of one response"
)
export const tokenUsage = Metric.histogram("gen_ai.client.token.usage", {
  description: "Tokens of one response, by type; cache_read and cache_write are part of input",
  attributes: { unit: "{token}" },
  boundaries: tokens
})
export const toolDuration = seconds("gen_ai.execute_tool.duration", "From the start of a tool call to its outcome")

/** The attributes that say which model was asked, for a span and for metrics. */
export const modelAttributes = (operation: "chat" | "invoke_agent", { model, provider }: ModelRef) => ({
  [key.operation]: operation,
  [key.provider]: provider,
  [key.model]: model
})

export const usageAttributes = (usage: Usage, cost: number | undefined) => ({
  // The conventions count the tokens of the cache as input.
  [key.inputTokens]: allInput(usage),
  [key.outputTokens]: usage.outputTokens,
  [key.cacheReadTokens]: usage.cacheReadTokens,
  [key.cacheWriteTokens]: usage.cacheWriteTokens,
  ...(cost === undefined ? {} : { [key.cost]: cost })
})

/** What `tokenUsage` records for one response. Types without tokens are left out. */
export const tokenCounts = (usage: Usage): ReadonlyArray<readonly [type: string, tokens: number]> =>
  (
    [
      ["input", allInput(usage)],
      ["output", usage.outputTokens],
      ["cache_read", usage.cacheReadTokens],
      ["cache_write", usage.cacheWriteTokens]
    ] as const
  ).filter(([, tokens]) => tokens > 0)
