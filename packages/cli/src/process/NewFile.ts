import { writeFile } from "node:fs/promises"
import * as Effect from "effect/Effect"

const problems: { readonly [code: string]: string } = {
  EEXIST: "it exists already, and an export never replaces a file: choose another name",
  ENOENT: "its directory does not exist: create it first",
  ENOTDIR: "its directory does not exist: create it first",
  EISDIR: "it is a directory: give the name of a file in it",
  EACCES: "you may not write there",
  EPERM: "you may not write there",
  EROFS: "its disk is read-only",
  ENOSPC: "its disk is full"
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : String(error)

/** Writes a file that did not exist and that only its owner can read. Fails with the reason, for people. */
export const write = (path: string, content: string): Effect.Effect<void, string> =>
  Effect.tryPromise({
    try: () => writeFile(path, content, { flag: "wx", mode: 0o600 }),
    catch: (error) => problems[codeOf(error)] ?? `it cannot be written (${codeOf(error)})`
  })
