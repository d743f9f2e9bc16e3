import type { ConfigError } from "@parley/domain/Errors"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Scope } from "effect/Scope"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"

/** A real directory of its own for each test, removed when the test ends. */
export const temporary: Effect.Effect<string, never, Scope> = Effect.acquireRelease(
  Effect.sync(() => fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "parley-ws-")))),
  (directory) => Effect.sync(() => fs.rmSync(directory, { recursive: true, force: true }))
)

export const put = (directory: string, name: string, content: string | Uint8Array): string => {
  const file = path.join(directory, name)
  fs.mkdirSync(path.dirname(file), { recursive: true })
  fs.writeFileSync(file, content)
  return file
}

export const json = Schema.encodeSync(Schema.fromJsonString(Schema.Unknown))

/** The error's message with the directory left out. */
export const message = (directory: string) => (error: ConfigError) => error.message.replaceAll(`${directory}/`, "")

export const mode = (file: string): string => (fs.statSync(file).mode & 0o777).toString(8)

/** Root may read everything, so permissions are tested as nobody. The directory is opened so that nobody gets that far. */
export const unprivileged = <A, E, R>(directory: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  process.getuid?.() !== 0
    ? effect
    : Effect.acquireUseRelease(
        Effect.sync(() => {
          fs.chmodSync(directory, 0o755)
          process.seteuid?.(65534)
        }),
        () => effect,
        () => Effect.sync(() => process.seteuid?.(0))
      )

/**
 * Makes what is at a path such that another user could decide what it holds, and says what is then said of it: another
 * user's, where we may give it away, else one that others may write.
 */
export const spoil = (file: string): RegExp => {
  if (process.getuid?.() === 0) {
    fs.chownSync(file, 4321, 4321)
    return /belongs to uid 4321 and not to you/
  }
  fs.chmodSync(file, 0o777)
  return /can be written by other users: its mode is 0777/
}

/** Writes the project's `context.json`. */
export const configure = (root: string, include: ReadonlyArray<string>, more: object = {}) =>
  put(root, ".parley/context.json", json({ include, ...more }))

export const texts = (set: { readonly files: ReadonlyArray<{ readonly path: string; readonly text: string }> }) =>
  Object.fromEntries(set.files.map(({ path, text }) => [path, text]))
export const reasons = (set: { readonly skipped: ReadonlyArray<{ readonly path: string; readonly reason: string }> }) =>
  Object.fromEntries(set.skipped.map(({ path, reason }) => [path, reason]))
