import type { Look, Verdict, Withheld } from "@parley/domain/ReadFence"
import * as ReadFence from "@parley/domain/ReadFence"
import * as SecretFiles from "@parley/domain/SecretFiles"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as fs from "node:fs/promises"
import * as nodePath from "node:path"
import * as Host from "./Host.ts"
import { Unreadable } from "./Unreadable.ts"

const orNothing = <A>(run: () => Promise<A>): Effect.Effect<A | undefined> =>
  Effect.orElseSucceed(Effect.tryPromise(run), () => undefined)

const system: ReadFence.System = {
  status: (path) => orNothing(() => fs.stat(path, { bigint: true })),
  names: (directory) =>
    Effect.map(
      orNothing(() => fs.readdir(directory)),
      (names) => names ?? []
    ),
  fileSystem: (path) =>
    Effect.map(
      orNothing(() => fs.statfs(path, { bigint: true })),
      (found) => found?.type
    ),
  join: nodePath.join,
  dirname: nodePath.dirname,
  devices: Host.platform === "win32" ? [] : ["/dev"]
}

/** What is kept from whoever reads within a directory. */
export interface Barrier extends Look {
  /** Which files may hold secrets; without it none may. */
  readonly secrets?: SecretFiles.Matcher | undefined
}

const nothing = ReadFence.make(system, { directories: [] })

/** Where none is provided, only what the system makes up is kept back. */
export const Barrier = Context.Reference<Barrier>("@parley/workspace/internal/Barrier", {
  defaultValue: () => ({
    isOwn: () => Effect.succeed(false),
    judge: (...file) => Effect.flatMap(nothing.begin, (look) => look.judge(...file))
  })
})

/** How what a user keeps from models is kept from what is read for them. */
export interface Barriers {
  /** For what a project asks for. */
  readonly project: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** For what the user asks for in a message: they may show what holds secrets. */
  readonly user: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

export const make = (withheld: Withheld = { directories: [] }): Barriers => {
  const { begin } = ReadFence.make(system, withheld)
  const secrets = withheld.secrets ?? SecretFiles.standard
  return {
    project: Effect.provideServiceEffect(
      Barrier,
      Effect.map(begin, (look) => ({ ...look, secrets }))
    ),
    user: Effect.provideServiceEffect(Barrier, begin)
  }
}

/** For the user's own instructions, which lie among what is withheld: a link there to anything else of it is not followed. */
export const instructions = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.provideServiceEffect(
    self,
    Barrier,
    Effect.map(Barrier, ({ isOwn }) => ({
      isOwn,
      judge: (_root, _real, found) => Effect.map(isOwn(found), (own): Verdict | undefined => (own ? "own" : undefined))
    }))
  )

const own = new Unreadable({
  code: "WITHHELD",
  problem: "belongs to Parley itself, with its configuration, logins, sessions and logs, and is not shown to a model"
})

/** Files under `/proc` and the like, which are made up while they are read. */
export const ofSystem = new Unreadable({
  code: "NOT_FILE",
  problem: "is made by the system while it is read, not a regular file"
})

const secret = (why: string) =>
  new Unreadable({
    code: "WITHHELD",
    problem: `may hold secrets (${why}); a message that mentions it attaches it, and "secretFiles" in your own configuration can take it out`
  })

/** Refuses what may not be read: `real` is where a path in `within` leads, `found` what is there. */
export const admit = Effect.fnUntraced(function* (
  within: string,
  path: string,
  real: string,
  found: ReadFence.Identity
) {
  const { judge, secrets } = yield* Barrier
  const verdict = yield* judge(within, real, found)
  if (verdict !== undefined) return yield* verdict === "own" ? own : ofSystem
  const said = [secrets?.(real), secrets?.(path)].find((said) => said?._tag === "Secret")
  if (said?._tag === "Secret") return yield* secret(said.why)
})

/** Refuses a private key, whatever it is called. */
export const admitContent = Effect.fnUntraced(function* (real: string, bytes: Uint8Array) {
  const { secrets } = yield* Barrier
  if (secrets === undefined || secrets(real) !== undefined) return
  if (SecretFiles.isPrivateKey(bytes)) return yield* secret("it begins as a private key does")
})

/** The entries of a directory that are not Parley's own. */
export const visible = Effect.fnUntraced(function* <Entry extends { readonly name: string }>(
  directory: string,
  entries: ReadonlyArray<Entry>,
  mayBeOwn: (entry: Entry) => boolean
) {
  const { isOwn } = yield* Barrier
  const leadsToOwn = Effect.fnUntraced(function* (entry: Entry) {
    const found = yield* system.status(nodePath.join(directory, entry.name))
    return found !== undefined && (yield* isOwn(found))
  })
  // There may be very many entries, and few of them are asked what they are.
  const hidden = new Set(yield* Effect.filter(entries.filter(mayBeOwn), leadsToOwn, { concurrency: 16 }))
  return hidden.size === 0 ? entries : entries.filter((entry) => !hidden.has(entry))
})
