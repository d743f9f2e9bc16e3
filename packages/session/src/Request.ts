import { text, type UserBlock } from "@parley/domain/Content"
import { InvalidMessage } from "@parley/domain/Errors"
import { pieces, type Stretch } from "@parley/domain/Provenance"
import type { EventOf } from "@parley/domain/SessionEvent"
import { byteLength } from "@parley/prompt/Digest"
import * as Effect from "effect/Effect"
import { Limits } from "./Limits.ts"

/** A part of a message that others than the user wrote. */
export interface Outside {
  readonly outside: string | UserBlock
}

/** A message. Texts that follow each other become one block, with nothing put between them; blocks stay as they are. */
export type Said = string | ReadonlyArray<string | UserBlock | Outside>

type Request = Required<Pick<EventOf<"RoundStarted">, "request" | "outside">>

/** A message as blocks of well-formed text, and which stretches of them others than the user wrote. */
export const blocks = (said: Said): Request => {
  const request: Array<UserBlock> = []
  const outside: Array<Stretch> = []
  let open: string | undefined
  for (const part of typeof said === "string" ? [said] : said) {
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
    // What is half a character takes as many code units as the mark that stands for it.
    request: request.map((block) => (block._tag === "Text" ? text(block.text.toWellFormed()) : block)),
    outside
  }
}

/** The words of a message that are the user's own: only these mention anything. */
export const own = ({ outside, request }: Request): string =>
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

/** Refuses what cannot be sent, before anything is stored. */
export const validate = Effect.fnUntraced(function* (said: Said) {
  const { messageBytes } = yield* Limits
  const content = blocks(said)
  const meaning = content.request.some(
    (block) => block._tag !== "Text" || block.text.replaceAll("\0", "").trim() !== ""
  )
  if (!meaning) return yield* new InvalidMessage({ problem: "The message is empty; say something" })
  const size = content.request.reduce(
    (sum, block) => sum + (block._tag === "Text" ? byteLength(block.text) : block.data.length),
    0
  )
  if (size > messageBytes)
    return yield* new InvalidMessage({
      problem: `The message has ${size} bytes; the limit is ${messageBytes}. Put long material into a file`
    })
  return content
})
