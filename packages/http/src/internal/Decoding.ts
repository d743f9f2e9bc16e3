import type { IncomingMessage } from "node:http"
import { pipeline, Readable, type Transform } from "node:stream"
import * as zlib from "node:zlib"
import { HttpError } from "../HttpError.ts"
import { problemOf } from "./Failures.ts"

/** Encodings that are put on top of each other; more than these is an attempt at something. */
const mostEncodings = 3

/** By their names in `content-encoding`. Each is given the first bytes, where they are known. */
const decoders: { readonly [name: string]: (first: Uint8Array) => Transform } = {
  gzip: () => zlib.createGunzip(),
  "x-gzip": () => zlib.createGunzip(),
  // By the standard it comes in a zlib wrapper, and some servers leave that out.
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

/** Gives the first bytes of a stream, which stay in it; undefined where it ends without any. */
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
 * The bytes that an answer stands for, by its `content-encoding`. `ready` is called once there is something to read, and
 * never when the connection breaks before; `failed` with what is wrong, whenever that is.
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
    // Encoded last is decoded first, and of that alone the first bytes are known.
    const stages = makers.map((make, i) => make(i === 0 ? first : new Uint8Array()))
    const last = stages.at(-1)
    if (last === undefined) return ready(incoming)
    // Before the stages are put together, which closes the connection first and then says why.
    for (const stage of stages)
      stage.on("error", (error) =>
        malformed(`it is not encoded as ${problemOf(names.join(", "))}: ${problemOf(error)}`)
      )
    pipeline([incoming, ...stages], () => undefined)
    ready(last)
  })
}
