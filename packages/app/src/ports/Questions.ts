import type { ApprovalScope } from "@parley/domain/Question"
import type { Elicitation, ElicitationAnswer, Sampling } from "@parley/domain/ServerRequests"
import type { ApprovalRequest } from "@parley/domain/ToolPolicy"
import type { SecretRead } from "@parley/workspace/SecretReads"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/**
 * A tool call that requires a person's decision.
 *
 * @since 0.1.0
 * @category models
 */
export interface Approval extends ApprovalRequest {
  /** The file that the call would read, if it may hold secrets. Such a call requires approval every time. */
  readonly secret: SecretRead | undefined
}

/**
 * The answer no, with a reason.
 *
 * @since 0.1.0
 * @category models
 */
export type Refusal = {
  readonly allowed: false
  /** Sent to the model or the server that is refused. */
  readonly reason: string
}

/**
 * A person's decision about one tool call.
 *
 * @since 0.1.0
 * @category models
 */
export type ApprovalAnswer =
  | {
      readonly allowed: true
      /**
       * `session`, `project`: later calls to the tool in the same session, or in all sessions of the workspace, run without
       * approval, except those that may read secrets. For the workspace, that is stored in the user's configuration.
       */
      readonly scope: ApprovalScope
    }
  | Refusal

/**
 * Asks the user of a host. Each question names its session, so that a host can serve several users. A host must discard
 * input that was entered before the question was shown. A question is interrupted when its round is cancelled, or when it
 * is answered in another process. The approvals of one session are requested one after the other.
 *
 * @since 0.1.0
 * @category models
 */
export interface Questions {
  /** Whether a user is available. If not, no method below is called, and MCP servers are not offered elicitation. */
  readonly available: boolean
  /**
   * Whether questions about tool calls are left open instead, to be answered elsewhere: no one is asked, and the round ends
   * in this process with the status `waiting` when nothing else of it is left to do.
   */
  readonly leavesOpen?: boolean
  /** Asks whether a tool call may run. The call waits until this returns. */
  readonly approve: (approval: Approval) => Effect.Effect<ApprovalAnswer>
  /** A form to fill in, or a URL to open, for an MCP server. */
  readonly elicit: (elicitation: Elicitation) => Effect.Effect<ElicitationAnswer>
  /** Whether an MCP server may make this request to the user's model. */
  readonly allowSampling: (sampling: Sampling) => Effect.Effect<{ readonly allowed: true } | Refusal>
}

/**
 * By default, no user is available.
 *
 * @since 0.1.0
 * @category services
 */
export const Questions = Context.Reference<Questions>("@parley/app/Questions", {
  defaultValue: () => ({
    available: false,
    approve: () => Effect.succeed({ allowed: false, reason: "there is no person to ask" }),
    elicit: () => Effect.succeed({ _tag: "Decline" }),
    allowSampling: () => Effect.succeed({ allowed: false, reason: "there is no person to ask" })
  })
})
