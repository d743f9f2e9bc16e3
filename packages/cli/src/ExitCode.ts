import type { HandleMessageError } from "@parley/domain/Errors"
import type { ModelErrorReason } from "@parley/domain/ModelError"
import * as Schema from "effect/Schema"

/** What the process tells its caller. `README.md` lists them. */
export const exitCode = {
  done: 0,
  roundFailed: 1,
  usage: 2,
  configuration: 3,
  provider: 4,
  storage: 5,
  interrupted: 130
} as const

/** The command line cannot be carried out as it stands. */
export class UsageError extends Schema.TaggedError<UsageError>()("UsageError", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
}

/** What came of asking one MCP server by hand: it could not be reached, or its tool says that it failed. */
export class ServerTrouble extends Schema.TaggedError<ServerTrouble>()("ServerTrouble", {
  reason: Schema.Literals(["Unreachable", "ToolFailed"]),
  problem: Schema.String
}) {
  override get message(): string {
    return this.problem
  }
}

const ofReason = (reason: ModelErrorReason): number => {
  switch (reason._tag) {
    case "UnknownModel":
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

export const ofError = (error: HandleMessageError | UsageError | ServerTrouble): number => {
  switch (error._tag) {
    case "UsageError":
    case "InvalidMessage":
    case "SessionNotFound":
      return exitCode.usage
    case "ConfigError":
    case "WorkspaceError":
      return exitCode.configuration
    case "ModelError":
      return ofReason(error.reason)
    case "ServerTrouble":
      return error.reason === "Unreachable" ? exitCode.provider : exitCode.roundFailed
    case "StorageError":
    case "SessionBusy":
      return exitCode.storage
    case "CapReached":
    case "ContextUnresolved":
    case "ContextTooLarge":
      return exitCode.roundFailed
  }
}
