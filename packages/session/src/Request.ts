import type { UserBlock } from "@parley/domain/Content"
import { InvalidMessage } from "@parley/domain/Errors"
import * as Effect from "effect/Effect"
import { Limits } from "./Limits.ts"

/** A request as blocks of well-formed text. */
export const blocks = (request: string | ReadonlyArray<UserBlock>): ReadonlyArray<UserBlock> =>
  (typeof request === "string" ? [{ _tag: "Text" as const, text: request }] : request).map((block) =>
    block._tag === "Text" ? { _tag: "Text", text: block.text.toWellFormed() } : block
  )

/** Refuses what cannot be sent, before anything is stored. */
export const validate = Effect.fnUntraced(function* (request: string | ReadonlyArray<UserBlock>) {
  const { messageBytes } = yield* Limits
  const content = blocks(request)
  const meaning = content.some((block) => block._tag !== "Text" || block.text.replaceAll("\0", "").trim() !== "")
  if (!meaning) return yield* new InvalidMessage({ problem: "The message is empty; say something" })
  const size = content.reduce((sum, block) => sum + (block._tag === "Text" ? block.text : block.data).length, 0)
  if (size > messageBytes)
    return yield* new InvalidMessage({
      problem: `The message has ${size} characters; the limit is ${messageBytes}. Put long material into a file`
    })
  return content
})
