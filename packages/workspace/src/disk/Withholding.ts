import type { Identity } from "@parley/domain/ReadFence"
import * as SecretFiles from "@parley/domain/SecretFiles"
import type { Place } from "@parley/os/ConfinedFile"
import { Barrier, leadsToOwn } from "@parley/os/ReadBarrier"
import * as Effect from "effect/Effect"
import { ofSystem, Unreadable } from "./Unreadable.ts"

const own = new Unreadable({
  code: "WITHHELD",
  problem: "belongs to Parley itself (configuration, logins, sessions and logs), and is not shown to a model"
})

const secret = (why: string) =>
  new Unreadable({
    code: "WITHHELD",
    problem: `may hold secrets (${why}); mention it in a message to attach it, or exempt it with "secretFiles" in your own configuration`
  })

/** Fails if what is at a place must not be read. A place that is not confined to a directory may be read. */
export const admit = Effect.fnUntraced(function* ({ path, real, root }: Place, found: Identity) {
  if (root === undefined) return
  const { judge, secrets } = yield* Barrier
  const verdict = yield* judge(root, real, found)
  if (verdict !== undefined) return yield* verdict === "own" ? own : ofSystem
  const named = [secrets?.(real), secrets?.(path)].find((judged) => judged?._tag === "Secret")
  if (named?._tag === "Secret") return yield* secret(named.why)
})

/** Fails if the content is a private key, whatever the file's name. */
export const admitContent = Effect.fnUntraced(function* ({ real, root }: Place, bytes: Uint8Array) {
  const { secrets } = yield* Barrier
  if (root === undefined || secrets === undefined || secrets(real) !== undefined) return
  if (SecretFiles.isPrivateKey(bytes)) return yield* secret("it begins like a private key")
})

/** The entries of a directory without Parley's own files. Only entries for which `mayBeOwn` is true are inspected. */
export const visible = Effect.fnUntraced(function* <Entry extends { readonly name: string }>(
  directory: string,
  entries: ReadonlyArray<Entry>,
  mayBeOwn: (entry: Entry) => boolean
) {
  // A directory may have very many entries, so only few of them are inspected.
  const hidden = new Set(
    yield* Effect.filter(entries.filter(mayBeOwn), ({ name }) => leadsToOwn(directory, name), { concurrency: 16 })
  )
  return hidden.size === 0 ? entries : entries.filter((entry) => !hidden.has(entry))
})
