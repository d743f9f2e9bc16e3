import type { CallId } from "@parley/domain/Ids"
import type { Failure } from "@parley/domain/Failure"
import type { ToolCallView } from "@parley/domain/Session"
import type { EventOf, SessionEvent } from "@parley/domain/SessionEvent"
import { type ToolDefinition, type ToolOutcome, unknown } from "@parley/domain/Tool"
import type { SessionState } from "./SessionState.ts"

type RoundEnd = EventOf<"RoundCompleted" | "RoundFailed" | "RoundCancelled">

/** Why open calls have no result when their round ends. Sent to the model. */
const words = {
  RoundCompleted: "the turn that asked for it did not end with tool calls",
  RoundFailed: "the round failed first",
  RoundCancelled: "the user cancelled the round first"
} satisfies { readonly [Tag in RoundEnd["_tag"]]: string }

/** The outcome of a call that has none when its round ends. Only a call that was started may have taken effect. */
const abandoned = ({ name, state }: ToolCallView, tools: ReadonlyArray<ToolDefinition>, reason: string): ToolOutcome =>
  state === "started"
    ? unknown(
        reason,
        tools.find((tool) => tool.name === name)
      )
    : { _tag: "NotExecuted", reason }

/** The event that records how a call ended. */
export const settle = (callId: CallId, outcome: ToolOutcome): SessionEvent => ({
  _tag: "ToolSettled",
  callId,
  outcome
})

/**
 * The events that close the open round: the end of the open turn, the outcomes of open tool calls, and the end of the
 * round. They are meant for a single append.
 */
export const events = ({ baseline, round }: SessionState, end: RoundEnd): ReadonlyArray<SessionEvent> => {
  if (round === undefined || !round.open) return []
  const tools = baseline?.tools ?? []
  const turn = round.openTurn
  return [
    ...(turn === undefined
      ? []
      : [
          {
            _tag: "TurnInterrupted",
            turnId: turn.id,
            content: turn.content.blocks(),
            usage: turn.content.usage
          } satisfies SessionEvent
        ]),
    ...round.unsettled.map((call) => settle(call.callId, abandoned(call, tools, words[end._tag]))),
    end
  ]
}

/** The failure of a round whose process died. */
export const processDied: Failure = {
  error: "Interrupted",
  message: "The process that ran this round ended before the round did"
}
