import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import type { AuthOptions } from "../auth/LoginOptions.ts"
import type { IgnoreRules } from "@parley/domain/IgnoreRules"
import type { Withheld } from "@parley/domain/ReadFence"
import type { SlowStart } from "../transport/Launchers.ts"
import type { CallProgress } from "./CallProgress.ts"
import type { Pins } from "../tools/ToolPins.ts"
import type { RestartPolicy } from "./RestartPolicy.ts"

/**
 * Options of `layer`.
 *
 * @since 0.1.0
 * @category models
 */
export interface McpServersOptions {
  /** The servers by name. Disabled servers are ignored. The name `workspace` is reserved. */
  readonly servers: { readonly [name: string]: McpServerConfig }
  /**
   * The directory that the built-in `workspace` tools may read. A server's `cwd` is resolved against it, and
   * `${workspaceRoot}` is replaced by it. Without it there are no built-in tools.
   */
  readonly workspaceRoot?: string | undefined
  /**
   * An absolute path. Programs whose configuration has no `cwd` are started in an empty directory below it, so that the
   * contents of a project, such as `node_modules`, do not affect what they run. It is created when it is first needed, must
   * be accessible to this user only, and is managed by Parley: files that a program leaves there are moved into `left-…`. By
   * default it is below the user's cache directory.
   */
  readonly neutralDirectory?: string | undefined
  /**
   * Names of servers in whose configuration `${workspaceRoot}` is not replaced: a server that a project declares is started
   * exactly as it was shown to the user.
   */
  readonly literal?: ReadonlyArray<string> | undefined
  /**
   * Files in the workspace that the built-in tools do not read. Files that may contain secrets are never searched; they are
   * read only by a call that names them, subject to `ToolPolicy`.
   */
  readonly withheld?: Withheld | undefined
  /** What ignore files leave out of the lists and searches of the built-in tools. Default: nothing. */
  readonly ignore?: IgnoreRules | undefined
  /** The name and version that servers receive in the handshake. */
  readonly clientInfo: { readonly name: string; readonly version: string }
  /** Receives everything that stdio servers write to their standard error, raw and in chunks. Must be fast and not throw. */
  readonly onStderr?: ((server: string, text: string) => void) | undefined
  /** The source of the allow-listed variables of child servers; by default the environment of this process. */
  readonly environment?: { readonly [name: string]: string | undefined } | undefined
  /** How long a server may take to exit after the end of its input, and again after SIGTERM. Default: two seconds. */
  readonly closeGrace?: Duration.Input | undefined
  /**
   * Completes when a signal is ending this process, which then exits within 1.5 seconds. Servers then receive SIGTERM after
   * 0.25 seconds, so that they can end their own child processes, and SIGKILL before the 1.5 seconds are over.
   */
  readonly ending?: Effect.Effect<void> | undefined
  /**
   * The absolute path of a directory for the full text of results that are too large for the model. It is created when it is
   * first needed, and only this user can read it. Files older than thirty days are removed when the layer is built. Without
   * it the excess is discarded.
   */
  readonly spillDirectory?: string | undefined
  /** Receives the progress of calls, at most a few times per second for each call. Must be fast and not throw. */
  readonly onProgress?: ((progress: CallProgress) => void) | undefined
  /**
   * Where servers' log messages and standard error are stored: a size-limited file `NAME.log` for each server, in one
   * directory or in a directory for each server. If absent, they are not stored. `redact` redacts a server's secrets.
   */
  readonly logs?:
    | {
        /** The absolute path of the directory. */
        readonly directory: string | ((server: string) => string)
        /** Redacts the secrets of a server with this configuration in a text. */
        readonly redact: (config: McpServerConfig) => (text: string) => string
      }
    | undefined
  /**
   * How long a server may take to respond to a ping after a call was interrupted or timed out. After that it is restarted.
   * Default: five seconds.
   */
  readonly pingTimeout?: Duration.Input | undefined
  /**
   * The maximum time that the first listing waits for a server that may have to be downloaded first and therefore may take
   * longer than ten seconds to start. Its tools appear when it is ready. By default listings wait until it is ready or has
   * failed.
   */
  readonly patience?: Duration.Input | undefined
  /** Called every few seconds while listings wait for a server. Must be fast and not throw. */
  readonly onSlowStart?: ((start: SlowStart) => void) | undefined
  /** When a server that has died is restarted. Missing fields default to `defaultRestartPolicy`. */
  readonly restarts?: Partial<RestartPolicy> | undefined
  /** Logs in to HTTP servers. Without it, a server that requires a login fails. */
  readonly auth?: AuthOptions | undefined
  /**
   * The store of pinned tools: the definitions of a server's tools when it was first seen. Tools that differ from these, or
   * are new, are blocked: `tools` does not contain them, and a call to one fails with `NotSent`. Without it nothing is
   * pinned.
   */
  readonly pins?: Pins | undefined
  /** How the user accepts changed tools of a server, such as a command in backticks: for the model and for `ServerStatus`. */
  readonly howToAccept?: ((server: string) => string) | undefined
  /**
   * How long tools that a server adds still count as part of its first offer, because some servers register their tools only
   * after the handshake. Default: five seconds.
   */
  readonly firstOfferWindow?: Duration.Input | undefined
  /**
   * Keeps invisible characters in descriptions and schemas, for callers that make them visible. Never use it for a model.
   */
  readonly keepUnseen?: boolean | undefined
}
