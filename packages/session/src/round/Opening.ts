import type { Effort } from "@parley/domain/Effort"
import type { HandleMessageError, InvalidMessage } from "@parley/domain/Errors"
import type { RequestId, RoundId, SessionId } from "@parley/domain/Ids"
import type { InboxMessage } from "@parley/domain/InboxMessage"
import type { McpManager } from "@parley/domain/McpManager"
import type { ModelRef } from "@parley/domain/ModelRef"
import type { ModelsManager } from "@parley/domain/ModelsManager"
import type { PromptManager } from "@parley/domain/PromptManager"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import type { SessionLimits } from "@parley/domain/SessionSettings"
import type { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import * as Compaction from "../compaction/Compaction.ts"
import type * as ModelChain from "../limits/ModelChain.ts"
import * as Request from "../limits/Request.ts"
import type { RetryGate } from "../limits/RetryGate.ts"
import type { SessionLog } from "../log/SessionLog.ts"
import type { RoundQuestions } from "../tools/RoundQuestions.ts"
import * as StructuredOutput from "../output/StructuredOutput.ts"
import type { HandleMessage } from "./HandleMessage.ts"
import * as Inbox from "./SessionInbox.ts"
import * as RoundRunner from "./RoundRunner.ts"

/** The managers that running a round needs. */
export type Managers = PromptManager | SessionManager | McpManager | ModelsManager

/** A round that is to be started. */
export interface Opening {
  readonly sessionId: SessionId
  /** If a round with this id exists, it is returned instead of starting a new one. */
  readonly requestId?: RequestId | undefined
  /** Default: the configured model. */
  readonly model?: ModelRef | undefined
  readonly effort?: Effort | undefined
  readonly limits?: SessionLimits | undefined
  readonly purpose?: "compaction"
  /** The first of the rounds to undo. */
  readonly edit?: RoundId | undefined
  /** The message of the inbox that this round delivers. */
  readonly waited?: InboxMessage
  /** The form of the answer. Evaluated before anything is stored. */
  readonly output: Effect.Effect<StructuredOutput.StructuredOutput | undefined, InvalidMessage>
  /** The validated message. Evaluated before anything is stored. */
  readonly message: Effect.Effect<Request.Validated, InvalidMessage>
  readonly run: (round: {
    readonly log: SessionLog
    readonly roundId: RoundId
    readonly chain: ModelChain.ModelChain
    readonly gate: RetryGate
    readonly message: Request.Validated
    readonly output: StructuredOutput.StructuredOutput | undefined
    readonly questions: RoundQuestions
  }) => Effect.Effect<RoundRunner.RoundStop, HandleMessageError, Managers>
}

/** A round whose message the caller has. */
export const ofMessage = ({ mentions, output, refresh, request, ...message }: HandleMessage): Opening => ({
  ...message,
  output:
    output === undefined ? Effect.undefined : Effect.suspend(() => StructuredOutput.of(output).pipe(Effect.fromResult)),
  message: Request.validate(request),
  run: ({ message, ...round }) =>
    RoundRunner.run({ ...round, mentions: mentions ?? Request.own(message), refresh: refresh ?? [] })
})

/** A round whose message waited in the inbox. */
export const ofInbox = (sessionId: SessionId, waited: InboxMessage): Opening => {
  const { outside, request, requestId } = waited
  return {
    sessionId,
    requestId,
    waited,
    output: Effect.undefined,
    message: Effect.succeed({ request, outside }),
    run: ({ message, ...round }) => RoundRunner.run({ ...round, mentions: Request.own(message), refresh: [] })
  }
}

/** Stores the start of a round, and takes its message from the inbox. */
export const begin = (log: SessionLog, { waited }: Opening, started: ReadonlyArray<SessionEvent>) =>
  waited === undefined
    ? log.append(started)
    : Effect.catchTag(log.take([waited], started), "PostChanged", (error) => Inbox.closed(error))

/** A round without a message: it compacts the history because the user requested it. */
export const ofCompaction = (sessionId: SessionId, model: ModelRef | undefined): Opening => ({
  sessionId,
  model,
  purpose: "compaction",
  output: Effect.undefined,
  message: Effect.succeed({ request: [], outside: [] }),
  run: (round) => Effect.as(Compaction.onRequest(round), "end")
})
