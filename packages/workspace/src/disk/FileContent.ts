import * as Result from "effect/Result"

const starts = (bytes: Uint8Array, ...mark: ReadonlyArray<number>): boolean =>
  mark.every((byte, i) => bytes[i] === byte)

const strictly = (encoding: string, bytes: Uint8Array, keepMark: boolean): Result.Result<string, string> =>
  Result.try({
    try: () => new TextDecoder(encoding, { fatal: true, ignoreBOM: keepMark }).decode(bytes),
    catch: () => `is not valid ${encoding.toUpperCase()} text`
  })

/** Decodes UTF-8 strictly. A byte order mark is kept. Fails with a description of the problem. */
export const utf8 = (bytes: Uint8Array): Result.Result<string, string> => strictly("utf-8", bytes, true)

/**
 * Decodes the text of a file: UTF-8, or UTF-16 if it starts with a byte order mark of UTF-16. The mark is removed, line ends
 * are kept. Anything else, such as Latin-1, is refused, because guessing an encoding is unreliable.
 */
export const decode = (bytes: Uint8Array): Result.Result<string, string> => {
  const encoding = starts(bytes, 0xff, 0xfe) ? "utf-16le" : starts(bytes, 0xfe, 0xff) ? "utf-16be" : "utf-8"
  if (encoding === "utf-8" && bytes.includes(0)) return Result.fail("is binary")
  return Result.flatMap(strictly(encoding, bytes, false), (text) =>
    text.includes("\0") ? Result.fail("is binary") : Result.succeed(text)
  )
}
