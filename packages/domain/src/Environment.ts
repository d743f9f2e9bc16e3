import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/**
 * Facts about the machine and the workspace, for the `include…` flags of `SystemPrompt`. Without a layer they are unknown
 * and requests do not mention them.
 *
 * @since 0.1.0
 * @category models
 */
export interface Environment {
  readonly workspace?: {
    readonly name: string
    readonly root: string
    /** The directory in the workspace where the user works, relative to the root and with `/`, if it is another one. */
    readonly start?: string
    /** The top directory of the git repository that the workspace is in. */
    readonly repository?: string
  }
  readonly system?: {
    readonly platform: string
    readonly arch: string
    /** The version of the operating system. */
    readonly version?: string
    /** The name of the user's shell. */
    readonly shell?: string
  }
  /**
   * What changes about the workspace, such as the branch and the status of its repository. Evaluated whenever context is
   * built; shown like the value of a slot, again only when it has changed. Undefined if there is nothing to tell.
   */
  readonly state?: Effect.Effect<string | undefined>
  /** An IANA time zone name, used to format dates. */
  readonly timeZone: string
}

const reference = Context.Reference<Environment>("@parley/domain/Environment", {
  defaultValue: () => ({ timeZone: "UTC" })
})

/**
 * Always provides these facts.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory = (environment: Environment): Layer.Layer<never> => Layer.succeed(reference, environment)

/**
 * The facts in use. Without a layer they are unknown; `Environment.layerMemory` provides fixed ones.
 *
 * @since 0.1.0
 * @category constants
 */
export const Environment = Object.assign(reference, {
  /** Always provides these facts. */
  layerMemory
})
