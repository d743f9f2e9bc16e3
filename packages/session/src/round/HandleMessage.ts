import type { Effort } from "@parley/domain/Effort"
import type { RequestId, RoundId, SessionId } from "@parley/domain/Ids"
import type { ModelRef } from "@parley/domain/ModelRef"
import type { SessionLimits } from "@parley/domain/SessionSettings"
import type { Decoder, StructuredOutput } from "../output/StructuredOutput.ts"
import type * as Request from "../limits/Request.ts"

/**
 * A user message to a session, with its options. `S` is the schema of the answer, if it is one of Effect.
 *
 * @since 0.1.0
 * @category models
 */
export interface HandleMessage<S extends Decoder = Decoder> {
  /** The session, which must exist; see `SessionManager.create`. */
  readonly sessionId: SessionId
  /**
   * The message: text, or text and blocks such as images. Strings and blocks count as written by the user. Wrap content
   * that the user did not write, such as a file, the output of a program or a web page, in `{ outside: … }`. This does
   * not change what is sent, but taints the requests that contain it.
   */
  readonly request: Request.UserMessage
  /**
   * Idempotency key, chosen by the caller. If the session already has a round with this id, that round is returned and
   * the message is not run again.
   */
  readonly requestId?: RequestId | undefined
  /** The text whose `@path` and `@server:uri` mentions are attached. Default: all text in `request` that the user wrote. */
  readonly mentions?: string | undefined
  /** Ids of slots whose tools are called again regardless of their policies; `*` means all. Unknown ids are ignored. */
  readonly refresh?: ReadonlyArray<string> | undefined
  /**
   * The message takes the place of this round's message: the round and all later ones are undone in the same step in which
   * the new round is stored. Fails with `InvalidMessage` if the session has no such round in effect.
   */
  readonly edit?: RoundId | undefined
  /**
   * The model for this round. Default: the one chosen for the session, else `ModelsManager.preferred`. If it is not
   * available, `Fallbacks` are asked.
   */
  readonly model?: ModelRef | undefined
  /** How much the model thinks in this round. Default: as chosen for the session, else as configured. */
  readonly effort?: Effort | undefined
  /** Limits of this round, in place of those chosen for the session and of those of `Limits`. */
  readonly limits?: SessionLimits | undefined
  /**
   * The form of the answer: a schema of Effect, or a JSON Schema (`StructuredOutput.fromJsonSchema`). The answer of the
   * round, `Round.output`, is then a JSON value that follows it; a round without such an answer fails with `OutputInvalid`.
   * What is stored with the message is the JSON Schema.
   */
  readonly output?: S | StructuredOutput | undefined
}

/**
 * Identifies the round of an accepted message. The message is durable and part of the session.
 *
 * @since 0.1.0
 * @category models
 */
export interface Accepted {
  readonly sessionId: SessionId
  readonly roundId: RoundId
}
