import type { CapReached, HandleMessageError, PriceUnknown, StorageError } from "@parley/domain/Errors"
import type { Block } from "@parley/domain/Content"
import type { ModelErrorReason } from "@parley/domain/ModelError"
import type { ModelInfo } from "@parley/domain/ModelsManager"
import type { Turn } from "@parley/domain/Session"
import { atLeast, cost, type Price, total, type Usage } from "@parley/domain/Usage"
import { byteLength } from "@parley/prompt/Digest"
import * as Effect from "effect/Effect"
import * as Budget from "../limits/Budget.ts"
import { type Meter, SinceRound } from "../limits/SamplingUsage.ts"
import type { SessionLog } from "../log/SessionLog.ts"

/** Errors with which a provider rejects a request, or does not receive it, so that it charges nothing. */
const rejections: ReadonlySet<string> = new Set<ModelErrorReason["_tag"]>([
  "RateLimited",
  "Overloaded",
  "QuotaExhausted",
  "Unauthorized",
  "InvalidRequest",
  "ContextOverflow",
  "UnknownModel",
  "Unreachable"
])

const isRejected = ({ content, failure, usage }: Turn): boolean =>
  failure?.reason !== undefined && rejections.has(failure.reason) && content.length === 0 && total(usage) === 0

const sizeOf = (block: Block): number => {
  switch (block._tag) {
    case "Text":
    case "Thinking":
      return byteLength(block.text)
    case "ToolCall":
      return byteLength(block.name + block.input)
    default:
      return 0
  }
}

/** The usage of a response that broke off: at least the measured input, and what arrived at four bytes for a token. */
const brokenOff = ({ content, usage }: Turn, input: number): Usage => {
  const bytes = content.reduce((sum, block) => sum + sizeOf(block), 0)
  return atLeast(usage, { inputTokens: input, outputTokens: Math.ceil(bytes / 4) })
}

/** What a turn cost, in US dollars, so that the budget never counts too little. */
const costOf = (turn: Turn, price: Price, input: number): number => {
  const isReported = turn.status === "completed" || isRejected(turn)
  return cost(isReported ? turn.usage : brokenOff(turn, input), price)
}

/**
 * Runs a turn only if its worst case fits into the limits in dollars of the round and of the session, and into the shared
 * budget, where it is reserved until the turn has ended. Without such limits it only runs the turn. `input` is the measured
 * size of the request in tokens.
 */
export const within = <A, E extends HandleMessageError, R>(
  options: { readonly log: SessionLog; readonly model: ModelInfo; readonly input: number },
  turn: Effect.Effect<A, E, R>
): Effect.Effect<A, E | CapReached | PriceUnknown | StorageError, R> =>
  Effect.gen(function* () {
    const { input, log, model } = options
    if (!(yield* Budget.inDollars)) return yield* turn
    const worst = yield* Budget.worstOf(model, input)
    const { round } = log.state
    const sinceRound = yield* SinceRound
    const spent = (meter: Meter | undefined): Budget.Spent => ({
      round: (round?.spent.cost ?? 0) + sinceRound().cost,
      session: log.state.spent.cost + (meter?.inAll.cost ?? 0)
    })
    const before = round?.turnCount ?? 0
    const paid = Budget.reserving(worst, turn, () => {
      if (log.failure() !== undefined) return worst
      const last = log.state.round
      // The turn was not started, so nothing was sent.
      if (last === undefined || last.turnCount === before) return 0
      const ended = last.round().turns.at(-1)
      return ended === undefined || model.price === undefined ? worst : costOf(ended, model.price, input)
    })
    return yield* Budget.setAside(worst, spent, paid)
  })
