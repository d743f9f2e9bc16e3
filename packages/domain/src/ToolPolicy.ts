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

/** What a rule may know of the request whose answer asks for a call. */
export interface RoundSoFar {
  /**
   * The request that was sent for the turn held something that neither the user nor Parley wrote: see `Provenance`. What
   * earlier rounds read counts as long as it is sent, and so does what the model said after it. Definitions of tools do not
   * count. It follows from the log, and is the same for all calls of a turn, however often they are asked about.
   */
  readonly tainted: boolean
}

export type Rule = "allow" | "ask" | "deny"

export type Decision =
  | { readonly allowed: true }
  | {
      readonly allowed: false
      /** For the model, after "Not run: ". */
      readonly reason: string
    }

/**
 * Who decides whether a call of the model may run. Decided after the turn is stored and before the call is started; calls
 * that the user declared as dynamic context are not asked about. What a person says holds for the call that was asked
 * about: its input cannot be changed while the question is open, and that very input is what is sent.
 */
export interface ToolPolicy {
  /** What was decided beforehand. Must be pure: it is asked more than once for the same call. */
  readonly rule: (tool: ToolDefinition, round: RoundSoFar, input: ToolInput) => Rule
  /** Asks a person about a call whose rule is `ask`. Interrupted when the round is cancelled; the call then never runs. */
  readonly ask: (call: Asked) => Effect.Effect<Decision>
}

/**
 * Everything may run unless another policy is provided: an application knows its own tools. The command provides one that
 * asks before anything the user has not allowed, and before a file is read that may hold secrets.
 */
export const ToolPolicy = Context.Reference<ToolPolicy>("@parley/domain/ToolPolicy", {
  defaultValue: () => ({
    rule: () => "allow",
    ask: () => Effect.succeed({ allowed: false, reason: "nobody is there to be asked" })
  })
})
