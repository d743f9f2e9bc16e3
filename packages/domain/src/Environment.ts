import * as Context from "effect/Context"
import * as Layer from "effect/Layer"

/** Facts about where the engine runs, for the prompt's include flags. Without a layer nothing is known, and nothing is said. */
export interface Environment {
  readonly workspace?: { readonly name: string; readonly root: string }
  readonly system?: { readonly platform: string; readonly arch: string }
  /** An IANA time zone. Dates are written in it. */
  readonly timeZone: string
}
export const Environment = Context.Reference<Environment>("@parley/domain/Environment", {
  defaultValue: () => ({ timeZone: "UTC" })
})

export const layerMemory = (environment: Environment): Layer.Layer<never> => Layer.succeed(Environment, environment)
