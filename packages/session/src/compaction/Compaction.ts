import { textOf, type UserBlock } from "@parley/domain/Content"
import { isSuperseded, ofBlocks, type Segment } from "@parley/domain/ContextManifest"
import { ContextTooLarge, InvalidMessage, type ToolSizes } from "@parley/domain/Errors"
import type { TokenCount } from "@parley/domain/RequestSize"
import type { EventOf } from "@parley/domain/SessionEvent"
import { segment } from "@parley/prompt/Digest"
import * as Dynamic from "@parley/prompt/Dynamic"
import * as SummaryText from "@parley/prompt/Summary"
import * as Effect from "effect/Effect"
import * as ContextBuilder from "../context/ContextBuilder.ts"
import type { CompactionOptions } from "./CompactionPlan.ts"
import * as Plan from "./CompactionPlan.ts"
import { requestOf } from "../context/RequestOrigins.ts"
import * as RequestEstimate from "../context/RequestEstimate.ts"
import type { SessionState } from "../log/SessionState.ts"
import * as SummaryTurn from "./SummaryTurn.ts"

type Compacted = EventOf<"ContextCompacted">

/** The estimated size of the request after the compaction, in tokens. */
const sizeAfter = ({ baseline, history }: SessionState, event: Compacted): number =>
  RequestEstimate.ofStable({
    system: (event.baseline ?? baseline)?.system ?? "",
    tools: (event.baseline ?? baseline)?.tools ?? []
  }) + RequestEstimate.ofMessages(history.after(event))

/** How many servers the error message names: those whose tools take the most tokens. */
const named = 5
/** The error message names tools as the cause if they take at least this share of the model's limit. */
const much = 1 / 4

const sizeWords = ({ server, tokens, tools }: ToolSizes[number]): string =>
  `${server} about ${tokens} (${tools} ${tools === 1 ? "tool" : "tools"})`

const tooLarge = ({ before, limit, log }: CompactionOptions, stable: number) => {
  const { tokens } = before
  if (stable <= limit) {
    const problem =
      "the content that cannot be left out is too large by itself; send less at once, or choose a model with a larger context window"
    return new ContextTooLarge({ tokens, limit, problem })
  }
  const sizes = RequestEstimate.ofServers(log.state.baseline?.tools ?? [])
  const ofTools = sizes.reduce((sum, size) => sum + size.tokens, 0)
  const alone = `the prompt, the tools and the files alone have about ${stable}`
  if (ofTools < limit * much) {
    const problem = `${alone}; shorten the instructions, show the model fewer files, or choose a model with a larger context window`
    return new ContextTooLarge({ tokens, limit, problem })
  }
  const servers = sizes.slice(0, named)
  const others = sizes.length > named ? `, and ${sizes.length - named} more` : ""
  const problem = `${alone}, of which the tools of MCP servers take about ${ofTools}: ${servers.map(sizeWords).join(", ")}${others}; use fewer servers${ofTools > stable / 2 ? "" : ", show the model fewer files"}, or choose a model with a larger context window`
  return new ContextTooLarge({ tokens, limit, problem, servers })
}

const nothingToLeaveOut = new InvalidMessage({
  problem: "A summary would not make this session smaller; nothing was changed"
})

/** The messages of the open round, to be added again if they are among the messages that are left out. */
const ownMessages = (state: SessionState, kept: number): ReadonlyArray<SummaryText.HeadBlock> => {
  const { context, history, round } = state
  if (round === undefined || !round.open || kept >= history.sinceRequest) return []
  const sources = ofBlocks(context?.manifest ?? [])
  // Blocks are copied because origins are recorded by identity: those of the original blocks must stay valid for an undo.
  const again = (block: UserBlock, source: string): SummaryText.HeadBlock => ({
    source,
    block: { ...block },
    why: "the round is about it",
    provenance: history.origins.provenance(block)
  })
  const own = (context?.roundPart ?? []).flatMap((block, i) => {
    const source = sources[i]?.source ?? "round part"
    return isSuperseded(source) ? [] : [again(block, source)]
  })
  const left = new Set(
    history
      .messages()
      .slice(history.messages().length - kept)
      .flatMap(({ content }) => content)
  )
  const delivered = round.delivered.flatMap(({ id, request }) =>
    request.flatMap((block) => (left.has(block) ? [] : [again(block, `steer:${id}`)]))
  )
  return [...own, ...round.message.map((block) => again(block, "request")), ...delivered]
}

const segments = (part: ReadonlyArray<SummaryText.HeadBlock>): ReadonlyArray<Segment> =>
  part.map(({ block, ...section }) =>
    segment("round", { ...section, text: block._tag === "Text" ? block.text : block.data })
  )

/** Removes the content of old results, if that alone saves enough. */
const pruning = (options: CompactionOptions): Compacted | undefined => {
  const { before, limit, log, roundId, why } = options
  const pruned = Plan.oldResults(log.state.history.messages(), before.tokens, limit)
  if (why === "request" || pruned === undefined || pruned.length === 0) return undefined
  return {
    _tag: "ContextCompacted",
    roundId,
    why,
    pruned,
    kept: log.state.history.length,
    head: [],
    slots: {},
    manifest: [],
    before,
    after: before
  }
}

/**
 * Replaces everything but the last messages by a summary. Files and values of slots are added again in their current
 * form.
 */
const summing = Effect.fnUntraced(function* (options: CompactionOptions) {
  const { before, dynamic, limit, log, roundId, why } = options
  const { state } = log
  const messages = state.history.messages()
  const kept = Plan.keep(messages, limit)
  if (kept === undefined) return undefined
  const left = messages.slice(messages.length - kept)
  // Do not pay for a summary that could not help.
  const least = RequestEstimate.ofMessages(left) - Plan.largestResults(left, Number.POSITIVE_INFINITY).saved
  if (least > limit) return undefined
  const leftOut = messages.slice(0, messages.length - kept)
  const summary = yield* SummaryTurn.of({ ...options, messages: leftOut })
  const { baseline, segments: stable } = yield* ContextBuilder.stable(state, options.chain.model)
  const values = Dynamic.render(dynamic, {})
  const own = ownMessages(state, kept)
  const goalIsThere = textOf(state.round?.message ?? []) === textOf(state.goal ?? [])
  const { origins } = state.history
  const goal = goalIsThere ? [] : (state.goal ?? [])
  const provenance = {
    // A summary of content from outside may repeat any of it.
    summary: leftOut.some((message) => origins.fromOutside(message)) ? ("outside" as const) : ("model" as const),
    goal: origins.fromOutside({ content: goal }) ? ("outside" as const) : ("user" as const)
  }
  const head = SummaryText.head({ summary, goal, pins: state.pins, provenance })
  const event: Compacted = {
    _tag: "ContextCompacted",
    roundId,
    why,
    pruned: [],
    kept,
    head: [...head.map(({ block }) => block), ...values.blocks, ...own.map(({ block }) => block)],
    baseline,
    slots: values.slots,
    manifest: [...stable, ...segments(head), ...values.segments, ...segments(own)],
    before,
    after: before
  }
  const size = sizeAfter(state, event)
  if (size <= limit) return event
  // The kept messages are still too large. Removing the content of large results is better than failing the round.
  const { calls } = Plan.largestResults(left, size - limit)
  return { ...event, pruned: calls }
})

/**
 * Makes later requests smaller. Old results lose their content; if that does not save enough, a summary replaces
 * everything but the last messages. Pinned texts, the session's first message and the round's message are kept verbatim,
 * and calls are not separated from their results. Fails, without changing anything, if the request would not become
 * smaller or would still be too large. The log keeps everything, so `CompactionUndone` can undo the compaction.
 */
export const compact = Effect.fn("Compaction.compact")(function* (options: CompactionOptions) {
  const { before, limit, log } = options
  const { state } = log
  const stable = RequestEstimate.ofStable({ system: state.baseline?.system ?? "", tools: state.baseline?.tools ?? [] })
  const event = pruning(options) ?? (yield* summing(options))
  const wanted = options.why === "request"
  const refusal = wanted ? nothingToLeaveOut : tooLarge(options, stable)
  if (event === undefined) return yield* refusal
  const [estimated, tokens] = [stable + RequestEstimate.ofMessages(state.history.messages()), sizeAfter(state, event)]
  if (tokens >= estimated || (!wanted && tokens > limit)) return yield* refusal
  const after: TokenCount = { tokens: Math.min(tokens, before.tokens), by: "estimated" }
  yield* log.append([{ ...event, after }])
  return after
})

/** Compacts the history because the user requested it, in a round without a message to the model. */
export const onRequest = Effect.fn("Compaction.onRequest")(function* (
  options: Pick<CompactionOptions, "log" | "roundId" | "chain" | "gate">
) {
  const { chain, log } = options
  const { model } = chain
  const before = RequestEstimate.estimate(requestOf(log.state, model))
  const limit = Math.min(before.tokens, RequestEstimate.limitOf(model) ?? before.tokens)
  return yield* compact({ ...options, why: "request", before, limit, dynamic: [] })
})
