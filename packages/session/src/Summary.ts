import { text } from "@parley/domain/Content"
import { turnId } from "@parley/domain/Ids"
import type { Message } from "@parley/domain/Message"
import type { ModelErrorReason } from "@parley/domain/ModelError"
import { type ModelInfo, ModelsManager } from "@parley/domain/ModelsManager"
import * as SummaryText from "@parley/prompt/Summary"
import * as Effect from "effect/Effect"
import * as Caps from "./Caps.ts"
import type { Options } from "./Compaction.ts"
import { CompactionSettings } from "./CompactionSettings.ts"
import { Limits } from "./Limits.ts"
import * as RequestSize from "./RequestSize.ts"
import * as Retry from "./Retry.ts"
import * as TurnRunner from "./TurnRunner.ts"

/** Failures that are about what the model was shown: to ask again, or another time, changes nothing. */
const hopeless: ReadonlySet<ModelErrorReason["_tag"]> = new Set([
  "InvalidRequest",
  "ContextOverflow",
  "Refused",
  "UnknownStop"
])

/** Bytes for each token of a limit: fewer than English has, so that code and other scripts fit as well. */
const bytesPerToken = 3

/** How much of the limit a summary may take. */
const share = 0.15

const summariser = (model: ModelInfo) =>
  Effect.gen(function* () {
    const models = yield* ModelsManager
    const settings = yield* CompactionSettings
    return settings.model === undefined ? model : yield* models.describe(settings.model)
  })

/**
 * Asks a model, in a turn of its own that is no part of the conversation, to sum up the messages. One that will not gets a
 * stand-in, so that no model can keep a session from going on.
 */
export const of = Effect.fnUntraced(function* (options: Options & { readonly messages: ReadonlyArray<Message> }) {
  const { gate, limit, log, messages, roundId } = options
  const model = yield* summariser(options.model)
  const room = RequestSize.limitOf(model) ?? limit
  const longest = Math.max(2000, Math.floor(limit * share * bytesPerToken))
  const asked = SummaryText.request(messages, Math.max(4000, Math.floor(room * 0.8 * bytesPerToken)))
  const limits = yield* Limits
  const affordable = Effect.suspend(() => Caps.spend(log.state, limits))
  const attempt = Effect.suspend(() =>
    TurnRunner.run({
      log,
      roundId,
      turnId: turnId(roundId, (log.state.round?.turnCount ?? 0) + 1),
      request: {
        model: model.ref,
        system: SummaryText.system,
        tools: [],
        messages: [{ role: "user", content: [text(asked)] }],
        ...(model.settings === undefined ? {} : { settings: model.settings })
      },
      size: undefined,
      endpoint: model.endpoint,
      purpose: "summary",
      paused: false,
      price: model.price,
      andThen: () => []
    })
  )
  yield* affordable
  const summary = yield* Retry.run({
    log,
    roundId,
    provider: model.ref.provider,
    gate,
    attempt,
    before: affordable
  }).pipe(
    Effect.map((end) => end.text),
    Effect.catchIf(
      (error) => error._tag === "ModelError" && hopeless.has(error.reason._tag),
      () => Effect.succeed("")
    )
  )
  return summary.trim() === "" ? SummaryText.mechanical(messages, longest) : SummaryText.clipped(summary, longest)
})
