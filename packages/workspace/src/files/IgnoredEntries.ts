import type { IgnoreLook, IgnoreRules } from "@parley/domain/IgnoreRules"
import * as Ignore from "@parley/os/Ignore"
import * as Effect from "effect/Effect"
import { ignoreFiles } from "./ContextSnapshot.ts"
import { FileCache } from "./FileCache.ts"
import * as SafeFile from "../disk/SafeFile.ts"

const parentOf = (directory: string): string => directory.slice(0, Math.max(0, directory.lastIndexOf("/")))

/**
 * What the ignore files of a workspace leave out of lists and searches: the same as is left out of the context. `root` is the
 * absolute path of the workspace; if it cannot be read, nothing is left out.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = ({ root }: { readonly root: string }): IgnoreRules => {
  const cache = new FileCache()
  const begin = Effect.gen(function* () {
    cache.begin()
    const real = yield* Effect.orElseSucceed(SafeFile.realpath(root), () => root)
    const files = yield* ignoreFiles({ root: real }, cache)
    const scopes = new Map<string, Ignore.Scope | undefined>()

    const above = Effect.fnUntraced(function* (directory: string) {
      if (directory === "") return { scope: files.outer, isIgnored: false }
      const parent = parentOf(directory)
      if (scopes.has(parent)) return { scope: scopes.get(parent), isIgnored: false }
      const { by, scope } = yield* files.above(directory.split("/"))
      return { scope, isIgnored: by !== undefined }
    })
    const within: IgnoreLook["within"] = Effect.fnUntraced(function* (directory, has) {
      const { isIgnored, scope } = yield* above(directory)
      if (isIgnored) return () => false
      const here = yield* files.within(directory, scope, has)
      scopes.set(directory, here)
      const start = directory === "" ? "" : `${directory}/`
      return (name, isDirectory) => Ignore.ignores(here, start + name, name, isDirectory)
    })
    return { within, unreadable: () => files.skipped } satisfies IgnoreLook
  })
  return { begin }
}
