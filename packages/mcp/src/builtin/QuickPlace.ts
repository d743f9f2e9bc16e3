import { join } from "node:path"
import * as Effect from "effect/Effect"
import type { Identity } from "@parley/domain/ReadFence"
import type { DiskError } from "@parley/os/ConfinedFile"
import { hasQuickReads } from "@parley/os/QuickReads"
import { Barrier } from "@parley/os/ReadBarrier"
import { type Confined, type PathRefused, rootOf } from "./Confinement.ts"

/** Where quick reads are possible: in a directory that was judged already, and in the same file system. */
export interface QuickPlace {
  /** The real path of the root. */
  readonly root: string
  readonly device: bigint | undefined
}

/** Finds out where quick reads are possible below a directory that `Confinement` admitted. */
export const quickPlace = Effect.fnUntraced(function* (
  root: string,
  { device }: Confined
): Effect.fn.Return<QuickPlace, PathRefused> {
  return { root: yield* rootOf(root), device: hasQuickReads ? device : undefined }
})

/**
 * Reads a path below such a directory quickly. `undefined`: it is not possible, or not safe, so that only `Confinement` may
 * read it. What the system generates is in other file systems than the files of a workspace, and `/dev` is named.
 */
export const quickly = Effect.fnUntraced(function* <A extends { readonly status: Identity }>(
  { device, root }: QuickPlace,
  shown: string,
  read: (real: string) => Effect.Effect<A, DiskError>
) {
  const real = join(root, shown)
  if (device === undefined || real === "/dev") return undefined
  const found = yield* Effect.orElseSucceed(read(real), () => undefined)
  if (found === undefined || found.status.dev !== device) return undefined
  const { isOwn } = yield* Barrier
  return (yield* isOwn(found.status)) ? ("withheld" as const) : found
})
