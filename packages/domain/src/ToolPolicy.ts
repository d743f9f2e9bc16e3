import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { CallReference } from "./Ids.ts"
import type { ToolInput } from "./McpManager.ts"
import type { ApprovalScope } from "./Question.ts"
import type { ToolDefinition } from "./Tool.ts"

/**
 * A tool call that needs a person's approval.
 *
 * @since 0.1.0
 * @category models
 */
export interface ApprovalRequest extends CallReference {
  readonly tool: ToolDefinition
  readonly input: ToolInput
  /** Whether a person has allowed the tool for the session, in this process or an earlier one, according to the log. */
  readonly isAllowedInSession?: boolean
}

/**
 * What a rule may know about the request in response to which the model requested the call.
 *
 * @since 0.1.0
 * @category models
 */
export interface RoundSoFar {
  /**
   * Whether the turn's request contained text from outside, which neither the user nor Parley wrote; see `Provenance`.
   * Content read in earlier rounds counts as long as requests contain it, and so do responses of the model to it. Tool
   * definitions do not count. The value is derived from the log and is the same for all calls of a turn.
   */
  readonly tainted: boolean
}

/**
 * The result of a rule: run the call, ask a person, or deny the call.
 *
 * @since 0.1.0
 * @category models
 */
export type Rule = "allow" | "ask" | "deny"

/**
 * A person's decision about one call.
 *
 * @since 0.1.0
 * @category models
 */
export type Decision =
  | {
      readonly allowed: true
      /** How far the approval reaches. Default: `once`. */
      readonly scope?: ApprovalScope
    }
  | {
      readonly allowed: false
      /** Sent to the model, after "Not run: ". */
      readonly reason: string
    }

/**
 * Decides whether tool calls of the model may run. The decision is made after the turn is stored and before the call is
 * started. Calls of slots need no decision, because the user declared them. An approval applies to exactly one call: its
 * input is frozen while a person decides, and exactly that input is sent.
 *
 * @since 0.1.0
 * @category models
 */
export interface ToolPolicy {
  /** Decides without a person. Must be pure, because it may be called several times for the same call. */
  readonly rule: (tool: ToolDefinition, round: RoundSoFar, input: ToolInput) => Rule
  /**
   * Decides about a call for which `rule` returned `ask` without asking, and without storing a question: because of an
   * earlier answer, or because there is no person. `park` leaves the question open: the round ends in this process when
   * nothing else of it is left to do, and continues where the question is answered. Default: a person is asked.
   */
  readonly withoutAsking?: (request: ApprovalRequest) => Effect.Effect<Decision | "park" | undefined>
  /**
   * Asks a person to approve a call for which `rule` returned `ask`. The question is stored before. Interrupted if the
   * round is cancelled, and the call then never runs, or if the question is answered elsewhere. Calls of one turn may be
   * asked about concurrently. A defect counts as a denial.
   */
  readonly ask: (request: ApprovalRequest) => Effect.Effect<Decision>
  /** Receives each answer that allowed a call, from wherever it came, so that its scope can be applied to later calls. */
  readonly remember?: (request: ApprovalRequest, scope: ApprovalScope) => Effect.Effect<void>
}

/**
 * Provides the policy. By default, every call may run, because an application knows its own tools. The command line
 * provides a policy that asks before every call that the user has not allowed, and before reading a file that may contain
 * secrets.
 *
 * @since 0.1.0
 * @category services
 */
export const ToolPolicy = Context.Reference<ToolPolicy>("@parley/domain/ToolPolicy", {
  defaultValue: () => ({
    rule: () => "allow",
    ask: () => Effect.succeed({ allowed: false, reason: "nobody is there to be asked" })
  })
})
