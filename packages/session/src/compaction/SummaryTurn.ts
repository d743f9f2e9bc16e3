import { text } from "@parley/domain/Content"
import { turnId } from "@parley/domain/Ids"
import type { Message } from "@parley/domain/Message"
import type { ModelErrorReason } from "@parley/domain/ModelError"
import { type ModelInfo, type ModelRequest, ModelsManager } from "@parley/domain/ModelsManager"
import * as SummaryText from "@parley/prompt/Summary"
import * as Effect from "effect/Effect"
import * as Caps from "../limits/Caps.ts"
import type { CompactionOptions } from "./CompactionPlan.ts"
import { CompactionSettings } from "../limits/CompactionSettings.ts"
import { Limits } from "../limits/Limits.ts"
import * as RequestEstimate from "../context/RequestEstimate.ts"
import * as Retry from "../limits/Retry.ts"
import * as ReservedTurn from "../turn/ReservedTurn.ts"
import * as TurnRunner from "../turn/TurnRunner.ts"

/** Failures caused by the content of the request. A retry, now or later, would not help. */
const hopeless: ReadonlySet<ModelErrorReason["_tag"]> = new Set([
  "InvalidRequest",
  "ContextOverflow",
  "Refused",
  "UnknownStop"
])

/** Assumed bytes per token. Lower than for English text, so that code and other scripts fit as well. */
const bytesPerToken = 3

/** The share of the limit that a summary may take. */
const share = 0.15

const summariser = (model: ModelInfo) =>
  Effect.gen(function* () {
    const models = yield* ModelsManager
    const settings = yield* CompactionSettings
    return settings.model === undefined ? model : yield* models.describe(settings.model)
  })

/** The request for a summary, as large as the model can read it. */
const requestTo = (model: ModelInfo, messages: ReadonlyArray<Message>, limit: number): ModelRequest => {
  const budget = RequestEstimate.limitOf(model) ?? limit
  const asked = SummaryText.request(messages, Math.max(4000, Math.floor(budget * 0.8 * bytesPerToken)))
  return {
    model: model.ref,
    system: SummaryText.system,
    tools: [],
    messages: [{ role: "user", content: [text(asked)] }],
    ...(model.settings === undefined ? {} : { settings: model.settings })
  }
}

/**
 * Lets a model summarise the messages, in a separate turn that is not part of the conversation. If that model cannot be had,
 * the models of the round are asked, without a consequence for the requests of the conversation. If the model returns no
 * summary, or rejects the content, a mechanical summary is used, so that no model can make a session unusable.
 */
export const of = Effect.fnUntraced(function* (
  options: CompactionOptions & { readonly messages: ReadonlyArray<Message> }
) {
  const { gate, limit, log, messages, roundId } = options
  const chain = options.chain.beginningWith(yield* summariser(options.chain.model))
  const longest = Math.max(2000, Math.floor(limit * share * bytesPerToken))
  const limits = yield* Limits
  const withinLimits = Effect.suspend(() => Caps.checkUsage(log.state, limits))
  const attempt = (attempt: number) => {
    const { model, replaced } = chain
    const request = requestTo(model, messages, limit)
    const input = RequestEstimate.estimate(request).tokens
    const turn = TurnRunner.run({
      log,
      roundId,
      attempt,
      turnId: turnId(roundId, (log.state.round?.turnCount ?? 0) + 1),
      request,
      size: undefined,
      endpoint: model.endpoint,
      purpose: "summary",
      paused: false,
      price: model.price,
      replaced: replaced?.ref,
      andThen: ({ text }) => ({ text, events: [] })
    })
    return ReservedTurn.within({ log, model, input }, turn)
  }
  yield* withinLimits
  const summary = yield* Retry.run({
    log,
    roundId,
    chain,
    // The request is made to fit each model.
    obstacle: () => Effect.undefined,
    gate,
    attempt,
    before: withinLimits
  }).pipe(
    Effect.map(({ text }) => text),
    Effect.catchIf(
      (error) => error._tag === "ModelError" && hopeless.has(error.reason._tag),
      () => Effect.succeed("")
    )
  )
  return summary.trim() === "" ? SummaryText.mechanical(messages, longest) : SummaryText.clipped(summary, longest)
})
