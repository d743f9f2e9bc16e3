import { Environment } from "@parley/domain/Environment"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Disk from "./internal/Disk.ts"
import * as Host from "./internal/Host.ts"

/** This machine and this workspace. A root that is not there (yet, or any more) is taken as it is written. */
export const read = Effect.fn("EnvironmentInfo.read")(function* (root: string) {
  const real = yield* Effect.orElseSucceed(Disk.realpath(root), () => Disk.resolve(root))
  const environment: Environment = {
    workspace: { name: Disk.basename(real) || real, root: real },
    system: { platform: Host.platform, arch: Host.arch },
    timeZone: Host.timeZone()
  }
  return environment
})

/** Looks once, when the layer is built. */
export const layer = (options: { readonly root: string }): Layer.Layer<never> =>
  Layer.effect(Environment, read(options.root))
