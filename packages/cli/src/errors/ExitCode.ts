import type { ImportError } from "@parley/app/ImportError"
import type { ServerTrouble } from "@parley/app/ServerTrouble"
import type { UsageError } from "@parley/app/UsageError"
import { SessionId } from "@parley/domain/Ids"
import type { ModelErrorReason } from "@parley/domain/ModelError"
import type { SessionAmbiguous } from "@parley/domain/SessionPrefix"
import type { AnswerError } from "@parley/session/SessionCoordinator"
import * as Schema from "effect/Schema"

/** The exit codes of the process. `docs/guide/command-line.md` lists them. */
export const exitCode = {
  done: 0,
  roundFailed: 1,
  usage: 2,
  configuration: 3,
  provider: 4,
  storage: 5,
  denied: 6,
  waiting: 7,
  interrupted: 130
} as const

/** A round completed, but none of the tool calls that its model requested was allowed to run. */
export class CallsDenied extends Schema.TaggedError<CallsDenied>()("CallsDenied", {
  tools: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return (
      `No tool call of this round was allowed to run (${this.tools.join(", ")}). To allow a tool, use --allow TOOL, or ` +
      `"permissions" in the configuration; a tool that "permissions" deny stays denied with --allow`
    )
  }
}

/** A round waits for answers, which its host leaves to others. */
export class AnswersAwaited extends Schema.TaggedError<AnswersAwaited>()("AnswersAwaited", {
  sessionId: SessionId,
  /** What each open question is about, one line each. */
  questions: Schema.Array(Schema.String)
}) {
  override get message(): string {
    const count = this.questions.length
    const what = count === 1 ? "an answer" : `${count} answers`
    return [
      `The round waits for ${what}. To see and answer what it asks: parley answer ${this.sessionId}`,
      ...this.questions.map((question) => `  ? ${question}`)
    ].join("\n")
  }
}

/** A replay did something else than what was recorded. */
export class ReplayDiffers extends Schema.TaggedError<ReplayDiffers>()("ReplayDiffers", { text: Schema.String }) {
  override get message(): string {
    return this.text
  }
}

const ofReason = (reason: ModelErrorReason): number => {
  switch (reason._tag) {
    case "UnknownModel":
    case "Unsupported":
      return exitCode.configuration
    case "Refused":
    case "UnknownStop":
    case "NoAnswer":
    case "ContextOverflow":
      return exitCode.roundFailed
    case "RateLimited":
    case "Overloaded":
    case "QuotaExhausted":
    case "Unauthorized":
    case "InvalidRequest":
    case "Unreachable":
    case "StreamBroken":
    case "Stalled":
      return exitCode.provider
  }
}

export const ofError = (
  error:
    | AnswerError
    | SessionAmbiguous
    | ImportError
    | UsageError
    | ServerTrouble
    | CallsDenied
    | AnswersAwaited
    | ReplayDiffers
): number => {
  switch (error._tag) {
    case "UsageError":
    case "InvalidMessage":
    case "MessageClosed":
    case "SessionNotFound":
    case "SessionAmbiguous":
    case "ImportError":
    case "QuestionNotFound":
    case "QuestionClosed":
    case "AnswerInvalid":
      return exitCode.usage
    case "ConfigError":
    case "WorkspaceError":
    case "ContextUnavailable":
    case "PriceUnknown":
      return exitCode.configuration
    case "AnswersAwaited":
    case "RoundWaiting":
      return exitCode.waiting
    case "ModelError":
      return ofReason(error.reason)
    case "CallsDenied":
      return exitCode.denied
    case "ServerTrouble":
      return error.reason === "Unreachable" ? exitCode.provider : exitCode.roundFailed
    case "StorageError":
    case "SessionBusy":
      return exitCode.storage
    case "MessageWithdrawn":
      return exitCode.interrupted
    case "ReplayDiffers":
    case "CapReached":
    case "OutputInvalid":
    case "ContextUnresolved":
    case "ContextTooLarge":
      return exitCode.roundFailed
  }
}
