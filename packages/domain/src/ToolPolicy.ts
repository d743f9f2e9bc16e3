import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { CallId } from "./Ids.ts"
import type { ToolInput } from "./McpManager.ts"
import type { ToolDefinition } from "./Tool.ts"

/** A call that somebody has to decide about. */
export interface Asked {
  readonly callId: CallId
  readonly tool: ToolDefinition
  readonly input: ToolInput
}

export type Decision =
  | { readonly allowed: true }
  | {
      readonly allowed: false
      /** For the model, after "Not run: ". */
      readonly reason: string
    }

/**
 * Who decides whether a call of the model may run. Decided after the turn is stored and before the call is started; calls
 * that the user declared as dynamic context are not asked about.
 */
export interface ToolPolicy {
  /** What was decided beforehand. Must be pure: it is asked more than once for the same call. */
  readonly rule: (tool: ToolDefinition) => "allow" | "ask" | "deny"
  /** Asks a person about a call whose rule is `ask`. Interrupted when the round is cancelled; the call then never runs. */
  readonly ask: (call: Asked) => Effect.Effect<Decision>
}

/** Everything may run unless another policy is provided. */
export const ToolPolicy = Context.Reference<ToolPolicy>("@parley/domain/ToolPolicy", {
  defaultValue: () => ({
    rule: () => "allow",
    ask: () => Effect.succeed({ allowed: false, reason: "nobody is there to be asked" })
  })
})
