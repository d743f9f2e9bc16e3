import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import type { AuthOptions } from "./McpAuth.ts"
import type { Withheld } from "@parley/domain/ReadFence"
import type { SlowStart } from "./Launchers.ts"
import type { CallProgress } from "./Progress.ts"
import type { Pins } from "./Pins.ts"
import type { RestartPolicy } from "./RestartPolicy.ts"

export interface McpServersOptions {
  /** The servers by name. Disabled ones are as if they were absent. The name `workspace` is taken. */
  readonly servers: { readonly [name: string]: McpServerConfig }
  /**
   * The directory that the built-in `workspace` tools may read, and what a server's `cwd` and `${workspaceRoot}` mean by it.
   * Without it there are no built-in tools.
   */
  readonly workspaceRoot?: string | undefined
  /**
   * An absolute path. Programs whose configuration has no `cwd` are started in an empty directory below it, so that what a
   * project holds, such as `node_modules`, does not decide what they run. It is made when it is first needed, must be this
   * user's alone, and belongs to Parley: what a program leaves there is moved aside, into `left-…`. It is below the user's
   * caches when absent.
   */
  readonly neutralDirectory?: string | undefined
  /** Names of servers in whose configuration nothing is replaced: those that a project declares run as they were shown. */
  readonly literal?: ReadonlyArray<string> | undefined
  /**
   * What the built-in tools do not read although it is in the workspace. Files that may hold secrets are not searched, and
   * read only by a call that names them: `ToolPolicy` decides about that.
   */
  readonly withheld?: Withheld | undefined
  /** Who we say we are. */
  readonly clientInfo: { readonly name: string; readonly version: string }
  /** Sees everything that stdio servers write to their standard error, raw, piece by piece. Must be quick and not throw. */
  readonly onStderr?: ((server: string, text: string) => void) | undefined
  /** Where the allow-listed variables of child servers come from; the environment of this process when absent. */
  readonly environment?: { readonly [name: string]: string | undefined } | undefined
  /** How long an ending server has after the end of its input, and again after SIGTERM; two seconds when absent. */
  readonly closeGrace?: Duration.Input | undefined
  /**
   * Completes when this process is ending by a signal, and leaves within a second and a half. Servers are then sent SIGTERM
   * after a quarter of a second, so that they can end what they have started themselves, and SIGKILL before that time is over.
   */
  readonly ending?: Effect.Effect<void> | undefined
  /**
   * An absolute path where results are kept whole that are too large to be shown; the directory is made when it is first
   * needed, and only this user can read it. What has been there for thirty days is removed when the layer is built. Without
   * it what does not fit is lost.
   */
  readonly spillDirectory?: string | undefined
  /** Told how far calls have got, a few times a second at most. Must be quick and not throw. */
  readonly onProgress?: ((progress: CallProgress) => void) | undefined
  /**
   * Where what servers log and write to their standard error is kept, a bounded file `NAME.log` for each, in one directory
   * or in that of each server; nowhere when absent. `conceal` takes a server's secrets out of a text.
   */
  readonly logs?:
    | {
        readonly directory: string | ((server: string) => string)
        readonly conceal: (config: McpServerConfig) => (text: string) => string
      }
    | undefined
  /** How long a server has for a sign of life after a call was given up, before it is started anew; five seconds when absent. */
  readonly hearing?: Duration.Input | undefined
  /**
   * How long the first listing waits at most for a server that has longer than ten seconds to start because it may have to be
   * downloaded first. Its tools are there when it is ready. When absent, listings wait until it is, or has failed.
   */
  readonly patience?: Duration.Input | undefined
  /** Told every few seconds of a server that listings wait for. Must be quick and not throw. */
  readonly onSlowStart?: ((start: SlowStart) => void) | undefined
  /** When a server that has died is started again; what is absent is as in `defaultRestartPolicy`. */
  readonly restarts?: Partial<RestartPolicy> | undefined
  /** Logs in to servers that are reached by an address. Without it one that wants a login fails. */
  readonly auth?: AuthOptions | undefined
  /**
   * Where it is kept what the tools of a server were when it was first seen. Tools that differ from that, or are new, are
   * then blocked: they are not among `tools`, and a call to one is `NotSent`. Without it nothing is pinned.
   */
  readonly pins?: Pins | undefined
  /**
   * How long what a server adds still counts as what it offered when it was first seen: some register their tools only after
   * the greeting. Five seconds when absent.
   */
  readonly firstSight?: Duration.Input | undefined
  /** Leaves in descriptions and schemas what nobody sees, for whoever makes it visible. No model may be told of it. */
  readonly keepUnseen?: boolean | undefined
}
