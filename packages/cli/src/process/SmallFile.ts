import { isUtf8 } from "node:buffer"
import { type FileHandle, open } from "node:fs/promises"
import * as Effect from "effect/Effect"

export type Read =
  | { readonly _tag: "Text"; readonly text: string }
  /** For people: why the file cannot be read. */
  | { readonly _tag: "Problem"; readonly problem: string }

const problems: { readonly [code: string]: string } = {
  ENOENT: "there is no such file",
  EISDIR: "it is a directory, not a file",
  EACCES: "you may not read it"
}

const problem = (words: string): Read => ({ _tag: "Problem", problem: words })

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : String(error)

const tried = <A>(run: () => Promise<A>): Effect.Effect<A, string> => Effect.tryPromise({ try: run, catch: codeOf })

const partSize = 256 * 1024

/** A pipe, such as one of a shell's <(…), delivers its content in several parts. */
const contentOf = Effect.fnUntraced(function* (file: FileHandle, limit: number) {
  const parts: Array<Buffer> = []
  let size = 0
  for (let part = -1; part !== 0 && size <= limit; size += part) {
    const buffer = Buffer.allocUnsafe(Math.min(partSize, limit + 1 - size))
    const { bytesRead } = yield* tried(() => file.read(buffer, 0, buffer.length, null))
    parts.push(buffer.subarray(0, bytesRead))
    part = bytesRead
  }
  if (size > limit) return problem(`it is larger than ${limit} bytes`)
  const bytes = Buffer.concat(parts)
  return isUtf8(bytes)
    ? ({ _tag: "Text", text: bytes.toString("utf8") } satisfies Read)
    : problem("it is not a text in UTF-8")
})

/** Reads a file, or a pipe, that the user named and that is no longer than `limit` bytes. */
export const read = (path: string, limit: number): Effect.Effect<Read> =>
  Effect.acquireUseRelease(
    tried(() => open(path)),
    (file) => contentOf(file, limit),
    (file) => Effect.ignore(tried(() => file.close()))
  ).pipe(Effect.catch((code) => Effect.succeed(problem(problems[code] ?? `it cannot be read (${code})`))))
