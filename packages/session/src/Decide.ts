import type { ToolInput } from "@parley/domain/McpManager"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import type { ToolDefinition } from "@parley/domain/Tool"
import type { Asked, Decision, Rule, ToolPolicy } from "@parley/domain/ToolPolicy"
import * as Effect from "effect/Effect"
import type { SessionState } from "./SessionState.ts"

/** A policy that knows of the request what its rules ask for. */
export interface TurnPolicy {
  readonly rule: (tool: ToolDefinition, input: ToolInput) => Rule
  readonly ask: ToolPolicy["ask"]
}

/** The policy for the calls of the turn whose request is about to be sent. */
export const forTurn = (policy: ToolPolicy, state: SessionState): TurnPolicy => {
  const { tainted } = state.history
  return { rule: (tool, input) => policy.rule(tool, { tainted }, input), ask: policy.ask }
}

/** Whether a call may run, and what the journal holds about that. */
export interface Decided {
  readonly decision: Decision
  readonly events: ReadonlyArray<SessionEvent>
}

const allowed: Decided = { decision: { allowed: true }, events: [] }

const decided = (asked: Asked, decision: Decision, by: "rule" | "user"): Decided => ({
  decision,
  events: [{ _tag: "ToolDecided", callId: asked.callId, allowed: decision.allowed, by }]
})

/** Nobody's answer, and an answer that could not be got, is a no. */
const noAnswer: Decision = { allowed: false, reason: "the question whether it may run could not be asked" }

/** Makes sure that what is shown is what is sent: nothing can be put into an input that a person is looking at. */
const freeze = (value: unknown): void => {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  Object.values(value).forEach(freeze)
}

/** What the policy says of a call. The events are for the append that starts or settles it. */
export const decide = (policy: TurnPolicy, asked: Asked): Effect.Effect<Decided> => {
  switch (policy.rule(asked.tool, asked.input)) {
    case "allow":
      return Effect.succeed(allowed)
    case "deny":
      return Effect.succeed(
        decided(asked, { allowed: false, reason: "the user's configuration does not allow this tool" }, "rule")
      )
    case "ask":
      freeze(asked.input)
      return Effect.suspend(() => policy.ask(asked)).pipe(
        Effect.catchDefect(() => Effect.succeed(noAnswer)),
        Effect.map((decision) => decided(asked, decision, "user"))
      )
  }
}
