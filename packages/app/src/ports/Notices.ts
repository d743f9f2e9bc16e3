import type { ServerStatus } from "@parley/domain/McpManager"
import type { ToolDefinition } from "@parley/domain/Tool"
import type { Usage } from "@parley/domain/Usage"
import type { CallProgress } from "@parley/mcp/CallProgress"
import type { SecretRead } from "@parley/workspace/SecretReads"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/**
 * A file that was left out of the context, with the reason for people.
 *
 * @since 0.1.0
 * @category models
 */
export interface SkippedFile {
  readonly path: string
  readonly reason: string
}

/**
 * Information for the user that is not a session event. The host formats it.
 *
 * @since 0.1.0
 * @category models
 */
export type Notice =
  /** A tool call was not run because it needs an approval and no user is available. */
  | {
      readonly _tag: "ApprovalUnavailable"
      readonly tool: ToolDefinition
      readonly secret: SecretRead | undefined
      /** The project declares the tool's server. Its tools are allowed with `parley mcp trust`, not in the configuration. */
      readonly isOfProject: boolean
      /** The user's configuration file, where permissions for all other tools are set. */
      readonly configFile: string
    }
  /** A tool was allowed in the workspace, and the user's configuration says so now; or why it could not be changed. */
  | { readonly _tag: "ToolAllowed"; readonly tool: string; readonly configFile: string; readonly problem?: string }
  /** A server takes long to start. Its launcher, such as npx, may be downloading it. */
  | {
      readonly _tag: "ServerStarting"
      readonly server: string
      readonly seconds: number
      readonly launcher: string | undefined
    }
  /** A server was restarted on request of another process of the same user. */
  | { readonly _tag: "ServerRestarted"; readonly status: ServerStatus }
  /** A server's request was refused: no handler answers the method, or the configuration forbids it. Reported once. */
  | { readonly _tag: "ServerRequestRefused"; readonly server: string; readonly method: string }
  /** The user's model answered an MCP server. `tokensInAll`: tokens that servers have used since the engine started. */
  | {
      readonly _tag: "SamplingAnswered"
      readonly server: string
      readonly model: string
      readonly usage: Usage
      readonly tokensInAll: number
    }
  /** Files of the workspace that no model is shown. Each is reported once. */
  | { readonly _tag: "FilesLeftOut"; readonly files: ReadonlyArray<SkippedFile> }
  /** A path that a message mentions is not attached. */
  | { readonly _tag: "NotAttached"; readonly file: SkippedFile }

/**
 * Receives notices. By default, they are logged.
 *
 * @since 0.1.0
 * @category services
 */
export const Notices = Context.Reference<{
  /** Shows one notice. */
  readonly notify: (notice: Notice) => Effect.Effect<void>
}>("@parley/app/Notices", { defaultValue: () => ({ notify: (notice) => Effect.logInfo(notice) }) })

/**
 * Called with the progress of tool calls, at most a few times per second. Must return quickly and not throw.
 *
 * @since 0.1.0
 * @category services
 */
export const Progress = Context.Reference<(progress: CallProgress) => void>("@parley/app/Progress", {
  defaultValue: () => () => {}
})
