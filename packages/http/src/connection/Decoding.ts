import type { IncomingMessage } from "node:http"
import { pipeline, Readable, type Transform } from "node:stream"
import * as zlib from "node:zlib"
import { HttpError } from "../contract/HttpError.ts"
import { problemOf } from "./Failures.ts"

/** The maximum number of nested encodings. A response with more is suspected of being an attack. */
const mostEncodings = 3

/** The decoders by their names in `content-encoding`. Each receives the first bytes of its input, if they are known. */
const decoders: { readonly [name: string]: (first: Uint8Array) => Transform } = {
  gzip: () => zlib.createGunzip(),
  "x-gzip": () => zlib.createGunzip(),
  // The standard requires a zlib wrapper, but some servers leave it out.
  deflate: ([first = 8]) => ((first & 0x0f) === 8 ? zlib.createInflate() : zlib.createInflateRaw()),
  br: () => zlib.createBrotliDecompress(),
  zstd: () => zlib.createZstdDecompress()
}

const namesIn = (header: string | undefined): ReadonlyArray<string> =>
  (header ?? "")
    .toLowerCase()
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "" && name !== "identity")

/** Passes on the first bytes of a stream without consuming them; undefined if the stream is empty. */
const begun = (stream: Readable, then: (first: Uint8Array | undefined) => void): void => {
  const ended = (): void => then(undefined)
  const look = (): void => {
    const piece: unknown = stream.read()
    if (!(piece instanceof Uint8Array)) return
    stream.off("readable", look).off("end", ended)
    stream.unshift(piece)
    then(piece)
  }
  stream.on("readable", look)
  stream.once("end", ended)
}

/**
 * Decodes the body of a response by its `content-encoding`. `ready` is called once when the first bytes can be read, and
 * never if the connection breaks before; `failed` is called with an error at any time.
 */
export const decoding = (
  incoming: IncomingMessage,
  host: string,
  ready: (decoded: Readable) => void,
  failed: (error: Error) => void
): void => {
  const malformed = (problem: string): void =>
    failed(new HttpError({ host, sent: true, reason: { _tag: "Malformed", problem } }))
  incoming.on("error", failed)
  const names = namesIn(incoming.headers["content-encoding"])
  if (names.length === 0) return ready(incoming)
  if (names.length > mostEncodings) return malformed(`it is encoded ${names.length} times`)
  const makers = names.toReversed().flatMap((name) => (Object.hasOwn(decoders, name) ? (decoders[name] ?? []) : []))
  if (makers.length < names.length) return malformed(`its encoding is not known: ${problemOf(names.join(", "))}`)
  begun(incoming, (first) => {
    if (first === undefined) return ready(Readable.from([]))
    // The encoding that was applied last is decoded first. Only its first bytes are known.
    const stages = makers.map((make, i) => make(i === 0 ? first : new Uint8Array()))
    const last = stages.at(-1)
    if (last === undefined) return ready(incoming)
    // Added before `pipeline`, which closes the connection before it reports the error.
    for (const stage of stages)
      stage.on("error", (error) =>
        malformed(`it is not encoded as ${problemOf(names.join(", "))}: ${problemOf(error)}`)
      )
    pipeline([incoming, ...stages], () => undefined)
    ready(last)
  })
}
