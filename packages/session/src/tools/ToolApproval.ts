import type { ToolInput } from "@parley/domain/McpManager"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import type { ToolDefinition } from "@parley/domain/Tool"
import type { ApprovalRequest, Decision, Rule, ToolPolicy } from "@parley/domain/ToolPolicy"
import * as Effect from "effect/Effect"
import type { SessionState } from "../log/SessionState.ts"

/** A tool policy for the calls of one turn: it already knows whether the turn's request was tainted. */
export interface TurnPolicy {
  readonly rule: (tool: ToolDefinition, input: ToolInput) => Rule
  readonly ask: ToolPolicy["ask"]
}

/** Creates the policy for the calls of the turn whose request is about to be sent. */
export const forTurn = (policy: ToolPolicy, state: SessionState): TurnPolicy => {
  const { tainted } = state.history
  return { rule: (tool, input) => policy.rule(tool, { tainted }, input), ask: policy.ask }
}

/** The decision about a call, and the events that record it. */
export interface Decided {
  readonly decision: Decision
  readonly events: ReadonlyArray<SessionEvent>
}

const allowed: Decided = { decision: { allowed: true }, events: [] }

const decided = ({ callId }: ApprovalRequest, decision: Decision, by: "rule" | "user"): Decided => ({
  decision,
  events: [{ _tag: "ToolDecided", callId, allowed: decision.allowed, by }]
})

/** If the question cannot be asked or answered, the call is denied. */
const noAnswer: Decision = { allowed: false, reason: "the question whether it may run could not be asked" }

/** Freezes a value recursively, so that the input that a person approves is exactly the input that is sent. */
const freeze = (value: unknown): void => {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  Object.values(value).forEach(freeze)
}

/** Decides about a call, by rule or by asking a person. The events belong to the append that starts or settles the call. */
export const decide = (policy: TurnPolicy, request: ApprovalRequest): Effect.Effect<Decided> => {
  switch (policy.rule(request.tool, request.input)) {
    case "allow":
      return Effect.succeed(allowed)
    case "deny":
      return Effect.succeed(
        decided(request, { allowed: false, reason: "the user's configuration does not allow this tool" }, "rule")
      )
    case "ask":
      freeze(request.input)
      return Effect.suspend(() => policy.ask(request)).pipe(
        Effect.catchDefect(() => Effect.succeed(noAnswer)),
        Effect.map((decision) => decided(request, decision, "user"))
      )
  }
}
