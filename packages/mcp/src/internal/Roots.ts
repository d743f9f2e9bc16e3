import * as fs from "node:fs/promises"
import { basename, resolve } from "node:path"
import process from "node:process"
import { pathToFileURL } from "node:url"
import * as Effect from "effect/Effect"

/**
 * The directories that a server is told of, exactly those that are configured, by their real paths. Relative ones are seen
 * from the workspace. One that is not there now is left out: a parent in its place would allow more.
 */
export const rootsOf = (paths: ReadonlyArray<string>, directory: string | undefined) =>
  Effect.forEach(paths, (path) =>
    Effect.gen(function* () {
      const real = yield* Effect.tryPromise(() => fs.realpath(resolve(directory ?? process.cwd(), path)))
      const found = yield* Effect.tryPromise(() => fs.stat(real))
      return found.isDirectory() ? [{ uri: pathToFileURL(real).href, name: basename(real) }] : []
    }).pipe(Effect.orElseSucceed(() => []))
  ).pipe(Effect.map((found) => ({ roots: found.flat() })))
