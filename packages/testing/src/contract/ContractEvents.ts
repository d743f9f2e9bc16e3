import { roundId, type TurnId, turnId } from "@parley/domain/Ids"
import type { WriteAt } from "@parley/domain/Lease"
import { endsTurn, type LogEntry, type SessionEvent } from "@parley/domain/SessionEvent"

// Events for the contract suite: one of each shape that a store treats differently.

/** Append after event `after`, with the lease of `epoch`; epoch 0 is a session without a lease. */
export const at = (after: number, epoch = 0): WriteAt => ({ after, epoch })

const r1 = roundId(1)
export const [t1, t2] = [turnId(r1, 1), turnId(r1, 2)]
const text = (text: string) => ({ _tag: "Text" as const, text })
export const asked = (words: string): SessionEvent => ({ _tag: "RoundStarted", roundId: r1, request: [text(words)] })
const chunks = [{ _tag: "TextDelta" as const, index: 0, text: "word" }]
export const delta = (turnId: TurnId): SessionEvent => ({ _tag: "TurnDelta", turnId, chunks })
const usageOf = (tokens: number) => ({
  inputTokens: tokens,
  outputTokens: 2,
  cacheReadTokens: 0,
  cacheWriteTokens: 1
})
const ended = (turnId: TurnId, n: number) => ({
  turnId,
  content: [text("done")],
  usage: usageOf(n),
  cost: n / 4
})
const failure = { error: "ModelError", message: "overloaded" }
export const completed = (turnId: TurnId): SessionEvent => ({ _tag: "TurnCompleted", ...ended(turnId, 1), stop: "end" })
export const failed = (turnId: TurnId): SessionEvent => ({ _tag: "TurnFailed", ...ended(turnId, 10), failure })
export const interrupted = (turnId: TurnId): SessionEvent => ({ _tag: "TurnInterrupted", ...ended(turnId, 100) })
export const cancelled: SessionEvent = { _tag: "RoundCancelled", roundId: r1 }
/** An event that the store never removes. */
export const fact: SessionEvent = { _tag: "TurnStarted", roundId: r1, turnId: t1, model: { provider: "a", model: "b" } }
export const facts = (count: number): ReadonlyArray<SessionEvent> => Array.from({ length: count }, () => fact)

/** The log without the deltas of the turn that `event` ends. Unchanged if `event` ends no turn. */
export const withoutDeltas = (log: ReadonlyArray<LogEntry>, event: SessionEvent): ReadonlyArray<LogEntry> =>
  log.filter(({ event: old }) => old._tag !== "TurnDelta" || !endsTurn(event) || old.turnId !== event.turnId)
