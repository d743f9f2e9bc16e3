import { callId, roundId, turnId } from "@parley/domain/Ids"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import { Chunks, ScriptedModel } from "@parley/testing"

const turn = (round: number, calls: number): ReadonlyArray<SessionEvent> => {
  const id = turnId(roundId(round), 1)
  return [
    { _tag: "RoundStarted", roundId: roundId(round), request: [{ _tag: "Text", text: `question ${round}` }] },
    { _tag: "ContextBuilt", roundId: roundId(round), roundPart: [], files: {}, manifest: [] },
    { _tag: "TurnStarted", roundId: roundId(round), turnId: id, model: ScriptedModel.ref },
    {
      _tag: "TurnCompleted",
      turnId: id,
      stop: calls > 0 ? "tool-calls" : "end",
      usage: Chunks.usage,
      content: [
        { _tag: "Text", text: `answer ${round}` },
        ...Array.from({ length: calls }, (_, i) => ({
          _tag: "ToolCall" as const,
          callId: callId(id, i + 1),
          providerId: `provider_${i}`,
          name: "echo",
          input: "{}"
        }))
      ]
    }
  ]
}

/** A round that was answered and closed. */
export const pastRound = (round: number): ReadonlyArray<SessionEvent> => [
  ...turn(round, 0),
  { _tag: "RoundCompleted", roundId: roundId(round), stop: "end" }
]

/** A round whose process died: of two calls the first had begun. */
export const lostRound = (round: number): ReadonlyArray<SessionEvent> => [
  ...turn(round, 2),
  { _tag: "ToolStarted", callId: callId(turnId(roundId(round), 1), 1) }
]
