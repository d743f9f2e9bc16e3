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
  denied: 6,
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

/** A round ended, and no tool that its model asked for was allowed to run. */
export class CallsDenied extends Schema.TaggedError<CallsDenied>()("CallsDenied", {
  tools: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `No tool call of this round was allowed to run (${this.tools.join(", ")}). --allow TOOL, or "permissions" in the configuration, allow a tool; what "permissions" deny is denied with --allow, too`
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

export const ofError = (error: HandleMessageError | UsageError | ServerTrouble | CallsDenied): number => {
  switch (error._tag) {
    case "UsageError":
    case "InvalidMessage":
    case "SessionNotFound":
      return exitCode.usage
    case "ConfigError":
    case "WorkspaceError":
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
    case "CapReached":
    case "ContextUnresolved":
    case "ContextTooLarge":
      return exitCode.roundFailed
  }
}
