import type { CallId } from "@parley/domain/Ids"
import type { Failure } from "@parley/domain/Failure"
import type { ToolCallView } from "@parley/domain/Session"
import type { EventOf, SessionEvent } from "@parley/domain/SessionEvent"
import { type ToolDefinition, type ToolOutcome, unknown } from "@parley/domain/Tool"
import type { SessionState } from "./SessionState.ts"

type RoundEnd = EventOf<"RoundCompleted" | "RoundFailed" | "RoundCancelled">

/** Why calls that nobody will answer any more have no result of their own. */
const words = {
  RoundCompleted: "the turn that asked for it did not end with tool calls",
  RoundFailed: "the round failed first",
  RoundCancelled: "the user cancelled the round first"
} satisfies { readonly [Tag in RoundEnd["_tag"]]: string }

/** The outcome of a call without one: it may have acted only if it was started. */
const abandoned = ({ name, state }: ToolCallView, tools: ReadonlyArray<ToolDefinition>, reason: string): ToolOutcome =>
  state === "started"
    ? unknown(
        reason,
        tools.find((tool) => tool.name === name)
      )
    : { _tag: "NotExecuted", reason }

export const settle = (callId: CallId, outcome: ToolOutcome): SessionEvent => ({
  _tag: "ToolSettled",
  callId,
  outcome
})

/** Everything that is still owed when the open round ends, in order, and then its end: one append closes any round. */
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

/** What a round that lost its process is closed with. */
export const processDied: Failure = {
  error: "Interrupted",
  message: "The process that ran this round ended before the round did"
}
