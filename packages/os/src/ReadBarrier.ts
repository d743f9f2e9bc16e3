import type { Look, Verdict, Withheld } from "@parley/domain/ReadFence"
import * as ReadFence from "@parley/domain/ReadFence"
import * as SecretFiles from "@parley/domain/SecretFiles"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as fs from "node:fs/promises"
import { dirname, join } from "node:path"
import process from "node:process"

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
  join,
  dirname,
  devices: process.platform === "win32" ? [] : ["/dev"]
}

/**
 * Decides which files must not be read.
 *
 * @since 0.1.0
 * @category models
 */
export interface Barrier extends Look {
  /** Which files may contain secrets. Without it, no file is treated as secret. */
  readonly secrets?: SecretFiles.Matcher | undefined
}

const nothing = ReadFence.make(system, { directories: [] })

/**
 * The barrier in use. By default, only devices and files that the operating system generates are refused.
 *
 * @since 0.1.0
 * @category services
 */
export const Barrier = Context.Reference<Barrier>("@parley/os/ReadBarrier/Barrier", {
  defaultValue: () => ({
    isOwn: () => Effect.succeed(false),
    judge: (...file) => Effect.flatMap(nothing.begin, (look) => look.judge(...file))
  })
})

/**
 * Provides the barrier that keeps withheld files and secrets from a model. It inspects the disk once per effect.
 *
 * @since 0.1.0
 * @category models
 */
export interface Barriers {
  /** For files that a project includes or a tool reads. */
  readonly project: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** For files that the user mentions in a message: the user may show files that may contain secrets. */
  readonly user: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/**
 * Makes the barriers that withhold these files. By default, files that usually contain secrets.
 *
 * @since 0.1.0
 * @category constructors
 */
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

/**
 * For the user's own instructions, which are in a withheld directory: links to other withheld files are refused.
 *
 * @since 0.1.0
 * @category functions
 */
export const instructions = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.provideServiceEffect(
    self,
    Barrier,
    Effect.map(Barrier, ({ isOwn }) => ({
      isOwn,
      judge: (_root, _real, found) => Effect.map(isOwn(found), (own): Verdict | undefined => (own ? "own" : undefined))
    }))
  )

/**
 * For what the user's own instructions import, from the directory that they are in: texts that end with `.md`. Everything else
 * there is configuration.
 *
 * @since 0.1.0
 * @category functions
 */
export const imports = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.provideServiceEffect(
    self,
    Barrier,
    Effect.map(Barrier, ({ isOwn }) => ({
      isOwn,
      judge: (_root, real) => Effect.succeed<Verdict | undefined>(real.endsWith(".md") ? undefined : "own")
    }))
  )

/**
 * Whether a directory's entry is one of Parley's own files or leads to one. Such an entry is treated as absent.
 *
 * @since 0.1.0
 * @category functions
 */
export const leadsToOwn = Effect.fnUntraced(function* (directory: string, entry: string) {
  const { isOwn } = yield* Barrier
  const found = yield* system.status(join(directory, entry))
  return found !== undefined && (yield* isOwn(found))
})
