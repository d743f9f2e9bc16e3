import type { SessionEvent } from "@parley/domain/SessionEvent"
import type { Asked, Decision, ToolPolicy } from "@parley/domain/ToolPolicy"
import * as Effect from "effect/Effect"

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

/** What the policy says of a call. The events are for the append that starts or settles it. */
export const decide = (policy: ToolPolicy, asked: Asked): Effect.Effect<Decided> => {
  switch (policy.rule(asked.tool)) {
    case "allow":
      return Effect.succeed(allowed)
    case "deny":
      return Effect.succeed(
        decided(asked, { allowed: false, reason: "the user's configuration does not allow this tool" }, "rule")
      )
    case "ask":
      return policy.ask(asked).pipe(
        Effect.catchDefect(() => Effect.succeed(noAnswer)),
        Effect.map((decision) => decided(asked, decision, "user"))
      )
  }
}
