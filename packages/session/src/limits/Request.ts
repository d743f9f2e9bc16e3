import { text, type UserBlock } from "@parley/domain/Content"
import { InvalidMessage } from "@parley/domain/Errors"
import { pieces, type Stretch } from "@parley/domain/Provenance"
import type { EventOf } from "@parley/domain/SessionEvent"
import { byteLength } from "@parley/prompt/Digest"
import * as Effect from "effect/Effect"
import { Limits } from "./Limits.ts"

/**
 * A part of a message that the user did not write, such as the content of a file, a pipe or a web page.
 *
 * @since 0.1.0
 * @category models
 */
export interface OutsidePart {
  readonly outside: string | UserBlock
}

/**
 * A user message. Consecutive strings are concatenated into one text block without a separator; blocks are kept
 * unchanged.
 *
 * @since 0.1.0
 * @category models
 */
export type UserMessage = string | ReadonlyArray<string | UserBlock | OutsidePart>

/**
 * A valid message: its blocks, and the parts of them that the user did not write.
 *
 * @since 0.1.0
 * @category models
 */
export type Validated = Required<Pick<EventOf<"RoundStarted">, "request" | "outside">>

/**
 * Converts a message to blocks of well-formed text, and records the parts that the user did not write.
 *
 * @since 0.1.0
 * @category functions
 */
export const blocks = (message: UserMessage): Validated => {
  const request: Array<UserBlock> = []
  const outside: Array<Stretch> = []
  let open: string | undefined
  for (const part of typeof message === "string" ? [message] : message) {
    const [content, foreign] = typeof part !== "string" && "outside" in part ? [part.outside, true] : [part, false]
    if (typeof content !== "string") {
      open = undefined
      request.push(content._tag === "Text" ? text(content.text) : { ...content })
      if (foreign) outside.push({ block: request.length - 1 })
      continue
    }
    const block = open === undefined ? request.length : request.length - 1
    const start = open?.length ?? 0
    open = (open ?? "") + content
    request[block] = text(open)
    if (foreign && content !== "") outside.push({ block, start, end: open.length })
  }
  return {
    // The replacement of a lone surrogate has the same length in code units, so the offsets in `outside` stay correct.
    request: request.map((block) => (block._tag === "Text" ? text(block.text.toWellFormed()) : block)),
    outside
  }
}

/**
 * The text of a message that the user wrote. Only this text can mention files and resources.
 *
 * @since 0.1.0
 * @category functions
 */
export const own = ({ outside, request }: Validated): string =>
  request
    .flatMap((block, i) =>
      block._tag === "Text"
        ? pieces(
            block.text,
            outside.filter((stretch) => stretch.block === i)
          )
        : []
    )
    .flatMap(({ provenance, text }) => (provenance === "user" ? [text] : []))
    .join("")

/**
 * Fails with `InvalidMessage` if the message is empty or too large. Called before anything is stored.
 *
 * @since 0.1.0
 * @category functions
 */
export const validate = Effect.fnUntraced(function* (message: UserMessage) {
  const { messageBytes } = yield* Limits
  const content = blocks(message)
  const meaning = content.request.some(
    (block) => block._tag !== "Text" || block.text.replaceAll("\0", "").trim() !== ""
  )
  if (!meaning) return yield* new InvalidMessage({ problem: "The message is empty; enter a text" })
  const size = content.request.reduce(
    (sum, block) => sum + (block._tag === "Text" ? byteLength(block.text) : block.data.length),
    0
  )
  if (size > messageBytes)
    return yield* new InvalidMessage({
      problem: `The message has ${size} bytes; the limit is ${messageBytes}. Put long texts into a file`
    })
  return content
})
