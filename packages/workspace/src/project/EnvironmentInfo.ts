import { Environment } from "@parley/domain/Environment"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Repository from "@parley/os/Repository"
import * as RepositoryState from "./RepositoryState.ts"
import * as SafeFile from "../disk/SafeFile.ts"
import * as HostPath from "../disk/HostPath.ts"

/**
 * Options of `read` and `layer`. `root` is the absolute path of the workspace.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly root: string
  /** The directory in the workspace where the command was started, relative to the root and with `/`. Default: the root. */
  readonly start?: string | undefined
  /** The environment variables of the user, for `SHELL` and for running git. Default: none. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
}

/** The name of the shell that the user works in; undefined if it is not known. */
const shellOf = (env: NonNullable<Options["env"]>): string | undefined => {
  const path = HostPath.platform === "win32" ? (env["SHELL"] ?? env["ComSpec"]) : env["SHELL"]
  return path === undefined || path === "" ? undefined : SafeFile.basename(path)
}

/**
 * Describes this machine and this workspace. If `root` does not exist, its path is used without resolving links.
 *
 * @since 0.1.0
 * @category functions
 */
export const read = Effect.fn("EnvironmentInfo.read")(function* ({ env = {}, root, start = "" }: Options) {
  const real = yield* Effect.orElseSucceed(SafeFile.realpath(root), () => SafeFile.resolve(root))
  const repository = yield* Repository.around(real)
  const shell = shellOf(env)
  const environment: Environment = {
    workspace: {
      name: SafeFile.basename(real) || real,
      root: real,
      ...(start === "" ? {} : { start }),
      ...(repository === undefined ? {} : { repository: repository.top })
    },
    system: {
      platform: HostPath.platform,
      arch: HostPath.arch,
      version: HostPath.version,
      ...(shell === undefined ? {} : { shell })
    },
    timeZone: HostPath.timeZone(),
    state: RepositoryState.read(real, env)
  }
  return environment
})

/**
 * Reads the environment once, when the layer is built.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<never> => Layer.effect(Environment, read(options))
