import { textOf } from "@parley/domain/Content"
import * as Message from "@parley/domain/Message"
import { format, type ModelRef } from "@parley/domain/ModelRef"
import { ModelsManager } from "@parley/domain/ModelsManager"
import { PromptManager } from "@parley/domain/PromptManager"
import type { Turn } from "@parley/domain/Session"
import type { RoundFold } from "@parley/domain/SessionFold"
import type { SessionSettings } from "@parley/domain/SessionSettings"
import * as Effect from "effect/Effect"
import * as DynamicSlots from "../context/DynamicSlots.ts"
import * as WorkspaceState from "../context/WorkspaceState.ts"
import { ModelChain, make as chainOf } from "../limits/ModelChain.ts"
import * as Caps from "../limits/Caps.ts"
import type { SessionLog } from "../log/SessionLog.ts"
import * as StructuredOutput from "../output/StructuredOutput.ts"
import type { TurnEnd } from "../turn/TurnRunner.ts"

/** The turns of the conversation, without those that summarise. */
const conversation = (round: RoundFold): ReadonlyArray<Turn> =>
  round.round().turns.filter(({ purpose }) => purpose === undefined)

/** The ends of the round's completed turns, as they were when the turns ended. */
export const endsOf = (round: RoundFold): ReadonlyArray<TurnEnd> =>
  conversation(round).flatMap(({ content, id, status, stop }) =>
    status !== "completed" || stop === undefined
      ? []
      : [
          {
            id,
            stop,
            calls: content.filter((block) => block._tag === "ToolCall"),
            text: textOf(content),
            empty: !content.some(Message.sendable)
          }
        ]
  )

const isSame = (a: ModelRef, b: ModelRef): boolean => format(a) === format(b)

/**
 * The models of a round that another process began: first the one that was asked first, then the fallback models of this
 * process. The model of the last turn is asked next.
 */
const chain = Effect.fnUntraced(function* (round: RoundFold, { effort, model }: SessionSettings) {
  const models = yield* ModelsManager
  const turns = conversation(round)
  const first = turns[0]?.model ?? (yield* models.preferred)
  const latest = turns.findLast(({ status }) => status === "completed")?.model ?? first
  // An effort that was chosen for the session is one of its model.
  const chosen = model === undefined || isSame(first, model) ? effort : undefined
  const made = yield* chainOf(yield* models.describe(first, chosen), chosen)
  const known = [made.model, ...made.fallbacks]
  const current = known.find(({ ref }) => isSame(ref, latest)) ?? (yield* models.describe(latest, chosen))
  const whole = known.includes(current) ? made : new ModelChain(made.model, [current, ...made.fallbacks])
  whole.use(current)
  return whole
})

/**
 * What a parked round needs to continue, derived from its log. Fails before anything is stored, so that a process without
 * the round's models leaves it as it is.
 */
export const derive = Effect.fnUntraced(function* ({ state }: SessionLog, round: RoundFold) {
  const models = yield* chain(round, state.settings)
  yield* Caps.chainPriced(models)
  yield* Caps.accountable(state, models.model)
  const { outputSchema } = round
  const output =
    outputSchema === undefined ? undefined : yield* Effect.fromResult(StructuredOutput.fromJsonSchema(outputSchema))
  return { chain: models, output }
})

/** The round's dynamic context, for a later compaction. */
export const dynamic = Effect.fnUntraced(function* ({ state }: SessionLog, round: RoundFold) {
  const prompts = yield* PromptManager
  const values = yield* DynamicSlots.built(state, round.round())
  return WorkspaceState.before(values, yield* WorkspaceState.read(yield* prompts.prompt))
})
