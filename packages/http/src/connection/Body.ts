import { HttpError } from "../contract/HttpError.ts"
import { type HttpLimits, refusalBytes } from "../contract/HttpLimits.ts"
import { decoding } from "./Decoding.ts"
import type { Answer } from "./Exchange.ts"
import { broken, plain } from "./Failures.ts"

/** Bytes of the body that are buffered before its reader requests them. */
const ahead = 64 * 1024

/** The number of characters of a too large response that its error quotes. */
const beginningLength = 200

const bodyless: ReadonlySet<number> = new Set([101, 204, 205, 304])

/** The maximum number of bytes of a response's body. It is infinite for event streams, whose readers bound each event. */
const mostOf = ({ incoming }: Answer, { bodyBytes }: HttpLimits): number => {
  const { statusCode = 0 } = incoming
  if (statusCode < 200 || statusCode > 299) return Math.min(bodyBytes, refusalBytes)
  const type = incoming.headers["content-type"] ?? ""
  return /^text\/event-stream *(?:;|$)/i.test(type) ? Infinity : bodyBytes
}

/** Reads and decodes a response with backpressure. It fails if the body is larger than the limit. */
const reading = (answer: Answer, limits: HttpLimits): ReadableStream<Uint8Array> => {
  const { host, incoming } = answer
  const most = mostOf(answer, limits)
  const head: Array<Uint8Array> = []
  let size = 0
  let wanted = (): void => undefined
  const tooLarge = (): HttpError => {
    const beginning = plain(Buffer.concat(head).toString("utf8"), beginningLength)
    return new HttpError({ host, sent: true, reason: { _tag: "TooLarge", limit: "bodyBytes", most, beginning } })
  }
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        answer.onStop((error) => controller.error(error))
        answer.listen()
        decoding(
          incoming,
          host,
          (decoded) => {
            wanted = () => decoded.resume()
            decoded.on("data", (piece: Buffer) => {
              if (size < beginningLength) head.push(piece.subarray(0, beginningLength))
              size += piece.length
              if (size > most) return answer.stop(tooLarge())
              controller.enqueue(piece)
              if ((controller.desiredSize ?? 0) > 0) return answer.listen()
              decoded.pause()
              answer.rest()
            })
            decoded.on("end", () => {
              // Bytes after the end of the encoded content are not read.
              if (!incoming.complete) incoming.destroy()
              if (answer.done()) controller.close()
            })
          },
          (error) => answer.stop(broken(error, host, true))
        )
      },
      pull: () => {
        answer.listen()
        wanted()
      },
      cancel: (reason) => answer.stop(reason)
    },
    { highWaterMark: ahead, size: ({ byteLength }) => byteLength }
  )
}

const headersOf = ({ rawHeaders }: Answer["incoming"]): Headers => {
  const headers = new Headers()
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) headers.append(rawHeaders[i] ?? "", rawHeaders[i + 1] ?? "")
  return headers
}

/** Converts the response to that of `fetch`. Throws an `HttpError` if its status is invalid. */
export const responseOf = (
  answer: Answer,
  method: string,
  url: URL,
  redirected: boolean,
  limits: HttpLimits
): Response => {
  const { host, incoming } = answer
  const { statusCode: status = 0, statusMessage = "" } = incoming
  if (status < 200 || status > 599) {
    const problem = `an answer with status ${status}`
    throw new HttpError({ host, sent: true, reason: { _tag: "Malformed", problem } })
  }
  const head = { status, statusText: statusMessage.replaceAll(/[^\t\x20-\x7e]/g, ""), headers: headersOf(incoming) }
  const empty = method === "HEAD" || bodyless.has(status)
  if (empty) {
    // Such a response has no body. If the server sends one anyway, it is not read.
    incoming.once("data", () => incoming.destroy())
    incoming.on("error", () => undefined)
    answer.done()
  }
  const response = new Response(empty ? null : reading(answer, limits), head)
  Object.defineProperty(response, "url", { value: url.href })
  Object.defineProperty(response, "redirected", { value: redirected })
  return response
}
