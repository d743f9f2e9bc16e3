import type { Effort } from "@parley/domain/Effort"
import type { Message } from "@parley/domain/Message"
import type { AnthropicSettings } from "./AnthropicSettings.ts"

type Thinking = Pick<AnthropicSettings, "thinking" | "output_config" | "betas">

/** The name of a Claude model without what gateways and clouds write before it. Undefined for other models. */
const claudeOf = (model: string): string | undefined => /claude-.*$/i.exec(model)?.[0].toLowerCase()

/** Claude before 4.6 has no adaptive thinking: it is told how many tokens it may use to think. */
const isBudgeted = (claude: string): boolean => /^claude-(?:3|[a-z]+-4(?:-[0-5](?!\d)|-\d{8}|$))/.test(claude)

/** Models whose thinking is bound to what precedes it, and which can be asked to drop thinking that does not match. */
const isBound = (claude: string): boolean => !/^claude-(?:[a-z]+-4-6|mythos-preview)/.test(claude)

/** Models that always think. */
const cannotStop = (claude: string): boolean => /^claude-(?:fable|mythos|(?:opus|sonnet)-5-[5-9])/.test(claude)

/** The shares of the output limit that budgeted thinking may use; the rest is for the response itself. */
const shares: { readonly [Level in Exclude<Effort, "none">]: number } = {
  minimal: 0,
  low: 1 / 8,
  medium: 1 / 4,
  high: 1 / 2,
  xhigh: 5 / 8,
  max: 3 / 4
}

/** The smallest budget that the API accepts, in tokens. */
const least = 1024

/** Which efforts a model takes (Anthropic SDK 1.12 and models of 2026-11). Undefined for models that are not Claude. */
export const efforts = (model: string, maxTokens: number): ReadonlyArray<Effort> | undefined => {
  const claude = claudeOf(model)
  if (claude === undefined || isBudgeted(claude)) {
    // A budget must be smaller than the output limit.
    if (maxTokens < 2 * least) return ["none"]
    return claude === undefined ? undefined : ["none", "minimal", "low", "medium", "high", "xhigh", "max"]
  }
  const all: ReadonlyArray<Effort> = /^claude-[a-z]+-4-6/.test(claude)
    ? ["none", "low", "medium", "high", "max"]
    : ["none", "low", "medium", "high", "xhigh", "max"]
  return cannotStop(claude) ? all.slice(1) : all
}

/** The beta that `block_binding` requires. */
const bindingBeta = "thinking-binding-controls-2026-08-01"

/**
 * The settings of a request that ask for an effort. Current Claude models decide themselves how much they think, guided by
 * the effort; older ones, and other models behind this API, get a budget. A summary of the thinking is requested, because
 * current models send none by default. `drops`: whether the server knows the option that drops thinking whose context has
 * changed, instead of refusing the request.
 */
export const ofEffort = (
  model: string,
  effort: Effort,
  { drops, maxTokens }: { readonly drops: boolean; readonly maxTokens: number }
): Thinking => {
  if (effort === "none") return { thinking: { type: "disabled" } }
  const claude = claudeOf(model)
  if (claude === undefined || isBudgeted(claude)) {
    const budget_tokens = Math.max(least, Math.floor(maxTokens * shares[effort]))
    return { thinking: { type: "enabled", budget_tokens } }
  }
  const binding = drops && isBound(claude)
  return {
    thinking: {
      type: "adaptive",
      display: "summarized",
      ...(binding ? { block_binding: { prefix_mismatch_behavior: "drop_block" } } : {})
    },
    // These models do not take `minimal`; the level next to it is the closest.
    output_config: { effort: effort === "minimal" ? "low" : effort },
    ...(binding ? { betas: [bindingBeta] } : {})
  }
}

const isThought = ({ content: [first] }: Message): boolean =>
  first?._tag === "Thinking" || (first?._tag === "Opaque" && first.kind === "redacted_thinking")

/**
 * The `thinking` of a request. While tool results are sent back, the API accepts budgeted thinking only if the response that
 * began this series of calls still begins with its thinking. If that was left out, thinking is off until the next message of
 * the user.
 */
export const inLoop = (
  thinking: AnthropicSettings["thinking"],
  messages: ReadonlyArray<Message>
): AnthropicSettings["thinking"] => {
  if (thinking?.["type"] !== "enabled") return thinking
  const asked = messages.findLastIndex(
    ({ content, role }) => role === "user" && content.every(({ _tag }) => _tag !== "ToolResult")
  )
  const first = messages[asked + 1]
  return first === undefined || isThought(first) ? thinking : { type: "disabled" }
}
