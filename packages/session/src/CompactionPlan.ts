import type { Block } from "@parley/domain/Content"
import type { CallId } from "@parley/domain/Ids"
import type { Message } from "@parley/domain/Message"
import * as RequestSize from "./RequestSize.ts"

/** Tokens that are left where the content of a result was. */
const shortResult = 48
/** The results of so many last messages lose their content only when a summary of all before them is not enough. */
const recent = 4
/** What is pruned makes room for this much at least, so that the next request does not prune again. */
const room = 0.75
/** How much of the limit the messages may have that a summary is followed by. */
const tail = 0.25

/** A summary of less than this would save nothing. */
const leastLeftOut = 256

type Result = Extract<Block, { readonly _tag: "ToolResult" }>

const results = (messages: ReadonlyArray<Message>): ReadonlyArray<Result> =>
  messages.flatMap(({ content }) => content.filter((block) => block._tag === "ToolResult"))

const saved = (result: Result): number => RequestSize.ofMessage({ role: "user", content: [result] }) - shortResult

interface Pruned {
  readonly calls: ReadonlyArray<CallId>
  readonly saved: number
}

/** Results to take the content from, in the given order, until `wanted` tokens are saved. Small ones are not worth it. */
const prune = (candidates: ReadonlyArray<Result>, wanted: number): Pruned => {
  const calls: Array<CallId> = []
  let sum = 0
  for (const result of candidates) {
    if (sum >= wanted) break
    if (saved(result) < shortResult) continue
    calls.push(result.callId)
    sum += saved(result)
  }
  return { calls, saved: sum }
}

/** Old results to take the content from, the oldest first; undefined if they do not make enough room. */
export const oldResults = (
  messages: ReadonlyArray<Message>,
  before: number,
  limit: number
): ReadonlyArray<CallId> | undefined => {
  const wanted = before - limit * room
  const { calls, saved } = prune(results(messages.slice(0, -recent)), wanted)
  return saved >= wanted ? calls : undefined
}

/** The largest results among the messages, also of the last calls, until so many tokens are saved. */
export const largestResults = (messages: ReadonlyArray<Message>, wanted: number): Pruned =>
  prune(
    [...results(messages)].sort((a, b) => saved(b) - saved(a)),
    wanted
  )

/** A history may be cut before what answers nothing: an answer of the model, or a message without results. */
const mayBegin = ({ content, role }: Message): boolean =>
  role === "assistant" || content.every((block) => block._tag !== "ToolResult")

/**
 * How many of the last messages stay: as many as fit the tail, and at least what the model must answer next. No call is
 * parted from its result. Undefined when nothing would be left out.
 */
export const keep = (messages: ReadonlyArray<Message>, limit: number): number | undefined => {
  const cuts = messages.flatMap((message, i) => (i > 0 && mayBegin(message) ? [i] : []))
  const owed = messages.at(-1)?.role === "user"
  const possible = owed ? cuts : [...cuts, messages.length]
  const fitting = possible.find((i) => RequestSize.ofMessages(messages.slice(i)) <= limit * tail)
  const cut = fitting ?? possible.at(-1)
  if (cut === undefined || RequestSize.ofMessages(messages.slice(0, cut)) < leastLeftOut) return undefined
  return messages.length - cut
}
