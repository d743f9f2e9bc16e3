import { readdir, stat, statfs } from "node:fs/promises"
import { dirname, join } from "node:path"
import process from "node:process"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as ReadFence from "@parley/domain/ReadFence"
import type * as SecretFiles from "@parley/domain/SecretFiles"

const orNothing = <A>(run: () => Promise<A>): Effect.Effect<A | undefined> =>
  Effect.orElseSucceed(Effect.tryPromise(run), () => undefined)

const system: ReadFence.System = {
  status: (path) => orNothing(() => stat(path, { bigint: true })),
  names: (directory) =>
    Effect.map(
      orNothing(() => readdir(directory)),
      (names) => names ?? []
    ),
  fileSystem: (path) =>
    Effect.map(
      orNothing(() => statfs(path, { bigint: true })),
      (found) => found?.type
    ),
  join,
  dirname,
  devices: process.platform === "win32" ? [] : ["/dev"]
}

export const fence = (withheld: Pick<ReadFence.Withheld, "directories" | "except">): ReadFence.Fence =>
  ReadFence.make(system, withheld)

/** What is kept from whoever reads through `Confinement`. */
export interface Barrier extends ReadFence.Look {
  /** Which files may hold secrets, and whether one is read when it is asked for by its own name; without it none may. */
  readonly secrets?: { readonly of: SecretFiles.Matcher; readonly named: boolean } | undefined
}

const nothing = fence({ directories: [] })

/** Where none is provided, only what the system makes up is kept back. */
export const Barrier = Context.Reference<Barrier>("@parley/mcp/internal/Barrier", {
  defaultValue: () => ({
    isOwn: () => Effect.succeed(false),
    judge: (...file) => Effect.flatMap(nothing.begin, (look) => look.judge(...file))
  })
})
