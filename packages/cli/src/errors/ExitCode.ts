import type { ServerTrouble } from "@parley/app/ServerTrouble"
import type { UsageError } from "@parley/app/UsageError"
import type { HandleMessageError } from "@parley/domain/Errors"
import type { ModelErrorReason } from "@parley/domain/ModelError"
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
  error: HandleMessageError | UsageError | ServerTrouble | CallsDenied | ReplayDiffers
): number => {
  switch (error._tag) {
    case "UsageError":
    case "InvalidMessage":
    case "SessionNotFound":
      return exitCode.usage
    case "ConfigError":
    case "WorkspaceError":
    case "ContextUnavailable":
    case "PriceUnknown":
      return exitCode.configuration
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
