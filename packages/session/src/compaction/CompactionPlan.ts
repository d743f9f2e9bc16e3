import type { Block } from "@parley/domain/Content"
import type { CallId } from "@parley/domain/Ids"
import type { Message } from "@parley/domain/Message"
import type { RoundId } from "@parley/domain/Ids"
import type { TokenCount } from "@parley/domain/RequestSize"
import type { DynamicResult } from "@parley/domain/SessionContext"
import type { EventOf } from "@parley/domain/SessionEvent"
import * as RequestEstimate from "../context/RequestEstimate.ts"
import type { ModelChain } from "../limits/ModelChain.ts"
import type { RetryGate } from "../limits/RetryGate.ts"
import type { SessionLog } from "../log/SessionLog.ts"

/** The input of a compaction. */
export interface CompactionOptions {
  readonly log: SessionLog
  readonly roundId: RoundId
  /** The models of the conversation. */
  readonly chain: ModelChain
  readonly gate: RetryGate
  readonly why: EventOf<"ContextCompacted">["why"]
  readonly before: TokenCount
  /** The maximum size of the request afterwards, in tokens. */
  readonly limit: number
  /** The values of the round's slots, which are added again after the compaction. */
  readonly dynamic: ReadonlyArray<DynamicResult>
}

/** Tokens of the note that replaces the content of a result. */
const shortResult = 48
/** Results in this many last messages lose their content only if a summary of everything before them is not enough. */
const recent = 4
/** Pruning reduces the request to this share of the limit, so that the next request does not need to prune again. */
const target = 0.75
/** The share of the limit that the messages after a summary may take. */
const tail = 0.25

/** Summarising fewer tokens than this would save nothing. */
const leastLeftOut = 256

type Result = Extract<Block, { readonly _tag: "ToolResult" }>

const results = (messages: ReadonlyArray<Message>): ReadonlyArray<Result> =>
  messages.flatMap(({ content }) => content.filter((block) => block._tag === "ToolResult"))

const saved = (result: Result): number => RequestEstimate.ofMessage({ role: "user", content: [result] }) - shortResult

interface Pruned {
  readonly calls: ReadonlyArray<CallId>
  readonly saved: number
}

/** Chooses results whose content is removed, in the given order, until `wanted` tokens are saved. Skips small results. */
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

/** Chooses old results whose content is removed, oldest first. Undefined if that does not save enough. */
export const oldResults = (
  messages: ReadonlyArray<Message>,
  before: number,
  limit: number
): ReadonlyArray<CallId> | undefined => {
  const wanted = before - limit * target
  const { calls, saved } = prune(results(messages.slice(0, -recent)), wanted)
  return saved >= wanted ? calls : undefined
}

/** Chooses the largest results, including those of the last calls, until `wanted` tokens are saved. */
export const largestResults = (messages: ReadonlyArray<Message>, wanted: number): Pruned =>
  prune(
    [...results(messages)].sort((a, b) => saved(b) - saved(a)),
    wanted
  )

/** Whether the kept part of a history may begin with this message: a message with results must follow its calls. */
const mayBegin = ({ content, role }: Message): boolean =>
  role === "assistant" || content.every((block) => block._tag !== "ToolResult")

/**
 * How many of the last messages are kept: as many as fit the tail, and at least the message to which the model must
 * respond. Calls are not separated from their results. Undefined if too little would be left out.
 */
export const keep = (messages: ReadonlyArray<Message>, limit: number): number | undefined => {
  const cuts = messages.flatMap((message, i) => (i > 0 && mayBegin(message) ? [i] : []))
  const endsWithUser = messages.at(-1)?.role === "user"
  const possible = endsWithUser ? cuts : [...cuts, messages.length]
  const fitting = possible.find((i) => RequestEstimate.ofMessages(messages.slice(i)) <= limit * tail)
  const cut = fitting ?? possible.at(-1)
  if (cut === undefined || RequestEstimate.ofMessages(messages.slice(0, cut)) < leastLeftOut) return undefined
  return messages.length - cut
}
