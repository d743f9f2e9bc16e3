import { type ResultContent, text, textOf } from "@parley/domain/Content"
import type { DynamicSlot } from "@parley/domain/DynamicContextManager"
import { ContextUnresolved } from "@parley/domain/Errors"
import type { CallId } from "@parley/domain/Ids"
import type { DynamicResult } from "@parley/domain/SessionContext"
import { type ToolOutcome, toResult } from "@parley/domain/Tool"
import { excerpt } from "@parley/prompt/Excerpt"
import * as Result from "effect/Result"
import type { SlotMemory } from "../log/SessionState.ts"
import { since } from "./SlotPolicy.ts"

/**
 * Default maximum size of a slot's text, in tokens.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultTokens = 4096
/**
 * Maximum number of images and documents of a slot, and the maximum sum of their base64 characters.
 *
 * @since 0.1.0
 * @category constants
 */
export const maxMedia = { blocks: 20, characters: 2 * 1024 * 1024 }
/** Maximum size in bytes of an error message for people. For the model, the limit of the slot's text applies instead. */
const maxProblem = 1000

/** Limits a result: its text to the slot's budget, and its images and documents to `maxMedia`. */
const bounded = (slot: DynamicSlot, content: ReadonlyArray<ResultContent>) => {
  const limit = (slot.maxTokens ?? defaultTokens) * 4
  const cut = excerpt(textOf(content), limit)
  const media: Array<ResultContent> = []
  const left = { blocks: 0, characters: 0 }
  let characters = 0
  for (const block of content) {
    if (block._tag === "Text") continue
    const { length } = block.data
    if (media.length < maxMedia.blocks && characters + length <= maxMedia.characters) {
      characters += length
      media.push(block)
    } else {
      left.blocks++
      left.characters += length
    }
  }
  const words =
    left.blocks === 0
      ? []
      : [
          `${left.blocks} of its ${media.length + left.blocks} images and documents are left out, ${left.characters} base64 characters: a slot may have ${maxMedia.blocks}, of ${maxMedia.characters} together`
        ]
  const shown = [cut.text, ...words.map((note) => `[${note}]`)].filter((part) => part !== "").join("\n")
  return {
    result: [...(shown === "" ? [] : [text(shown)]), ...media],
    notes: [
      ...(cut.left === 0 ? [] : [`${cut.left} bytes of its text are left out, as it may have ${limit}`]),
      ...words
    ]
  }
}

const problemOf = (content: ReadonlyArray<ResultContent>): string => {
  const words = textOf(content).trim()
  return words === "" ? "the tool failed and did not say why" : excerpt(words, maxProblem).text
}

/**
 * The value of a slot: the result of its call or, if the call failed, what the slot's `onFailure` policy demands. `why`
 * explains the value to people; the model does not receive it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const of = (options: {
  readonly slot: DynamicSlot
  readonly callId: CallId
  readonly outcome: ToolOutcome
  /** The explanation for the case that the call succeeded. */
  readonly why: string
  readonly state: "fresh" | "kept"
  /** The last successful value, if there is one. */
  readonly memory: SlotMemory | undefined
  readonly now: number
}): Result.Result<DynamicResult, ContextUnresolved> => {
  const { callId, memory, now, outcome, slot } = options
  const value = (
    state: DynamicResult["state"],
    why: string,
    content: ReadonlyArray<ResultContent>
  ): Result.Result<DynamicResult, ContextUnresolved> => {
    const { notes, result } = bounded(slot, content)
    const words = [why, ...notes].join("; ")
    return Result.succeed({
      slot: slot.id,
      toolName: slot.tool,
      state,
      why: words,
      isError: state === "failed" || state === "dropped",
      result
    })
  }
  const { content } = toResult(callId, outcome)
  if (outcome._tag === "Succeeded") return value(options.state, options.why, content)
  const problem = problemOf(content)
  switch (slot.onFailure) {
    case "fail":
      return Result.fail(new ContextUnresolved({ slot: slot.id, problem }))
    case "drop":
      return value("dropped", `left out, as it failed: ${problem}`, [])
    case "stale":
      return memory === undefined
        ? value("failed", `failed, and there is no value from before: ${problem}`, content)
        : value(
            "stale",
            `stale: resolved ${since(memory, now)}, and kept as it failed now: ${problem}`,
            toResult(callId, memory.outcome).content
          )
    case "note":
      return value("failed", `failed: ${problem}`, content)
  }
}
