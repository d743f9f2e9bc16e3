import { callId, roundId, type TurnId, turnId } from "@parley/domain/Ids"
import type { WriteAt } from "@parley/domain/Lease"
import type { EventOf, SessionEvent } from "@parley/domain/SessionEvent"

/** Behind event `after`, in a session that nobody acquired or with the lease of `epoch`. */
export const at = (after: number, epoch = 0): WriteAt => ({ after, epoch })

export const round = roundId(1)
export const turn = turnId(round, 1)

export const asked: SessionEvent = { _tag: "RoundStarted", roundId: round, request: [{ _tag: "Text", text: "Hello" }] }

/** Needs a barrier. */
export const fact: SessionEvent = { _tag: "ToolStarted", callId: callId(turn, 1) }

/** May wait. */
export const delta = (words: string, of: TurnId = turn): SessionEvent => ({
  _tag: "TurnDelta",
  turnId: of,
  chunks: [{ _tag: "TextDelta", index: 0, text: words }]
})

/** Neither waits nor needs a barrier. */
export const started: SessionEvent = {
  _tag: "TurnStarted",
  roundId: round,
  turnId: turn,
  model: { provider: "demo", model: "echo" }
}

export const completed: EventOf<"TurnCompleted"> = {
  _tag: "TurnCompleted",
  turnId: turn,
  content: [],
  usage: { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0 },
  stop: "end"
}

export const cancelled: SessionEvent = { _tag: "RoundCancelled", roundId: round }
