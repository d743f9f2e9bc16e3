import { textOf, type UserBlock } from "@parley/domain/Content"
import { isSuperseded, ofBlocks, type Segment } from "@parley/domain/ContextManifest"
import { ContextTooLarge, InvalidMessage, type ToolSizes } from "@parley/domain/Errors"
import type { RoundId } from "@parley/domain/Ids"
import type { ModelInfo } from "@parley/domain/ModelsManager"
import type { TokenCount } from "@parley/domain/RequestSize"
import type { DynamicResult } from "@parley/domain/SessionContext"
import type { EventOf } from "@parley/domain/SessionEvent"
import { segment } from "@parley/prompt/Digest"
import * as Dynamic from "@parley/prompt/Dynamic"
import * as SummaryText from "@parley/prompt/Summary"
import * as Effect from "effect/Effect"
import * as ContextBuilder from "./ContextBuilder.ts"
import * as Plan from "./CompactionPlan.ts"
import * as RequestSize from "./RequestSize.ts"
import type { RetryGate } from "./RetryGate.ts"
import type { SessionLog } from "./SessionLog.ts"
import type { SessionState } from "./SessionState.ts"
import * as Summary from "./Summary.ts"

export interface Options {
  readonly log: SessionLog
  readonly roundId: RoundId
  /** The model of the conversation. */
  readonly model: ModelInfo
  readonly gate: RetryGate
  readonly why: EventOf<"ContextCompacted">["why"]
  readonly before: TokenCount
  /** What the request may have afterwards, in tokens; less than before. */
  readonly limit: number
  /** The round's dynamic context, which is said again. */
  readonly dynamic: ReadonlyArray<DynamicResult>
}

type Compacted = EventOf<"ContextCompacted">

/** The request as it would be after the event. */
const sizeAfter = ({ baseline, history }: SessionState, event: Compacted): number =>
  RequestSize.ofStable({
    system: (event.baseline ?? baseline)?.system ?? "",
    tools: (event.baseline ?? baseline)?.tools ?? []
  }) + RequestSize.ofMessages(history.after(event))

/** So many servers are named: those that take the most. */
const named = 5
/** From this share of what the model takes, tools are named as what makes the request too large. */
const much = 1 / 4

const sizeWords = ({ server, tokens, tools }: ToolSizes[number]): string =>
  `${server} about ${tokens} (${tools} ${tools === 1 ? "tool" : "tools"})`

const tooLarge = ({ before, limit, log }: Options, stable: number) => {
  const { tokens } = before
  if (stable <= limit) {
    const problem =
      "what it must hold is too large by itself; send less at once, or choose a model with a larger window"
    return new ContextTooLarge({ tokens, limit, problem })
  }
  const sizes = RequestSize.ofServers(log.state.baseline?.tools ?? [])
  const ofTools = sizes.reduce((sum, size) => sum + size.tokens, 0)
  const alone = `the prompt, the tools and the files alone have about ${stable}`
  if (ofTools < limit * much) {
    const problem = `${alone}; show the model fewer files, or choose a model with a larger window`
    return new ContextTooLarge({ tokens, limit, problem })
  }
  const servers = sizes.slice(0, named)
  const others = sizes.length > named ? `, and ${sizes.length - named} more` : ""
  const problem = `${alone}, of which the tools of MCP servers take about ${ofTools}: ${servers.map(sizeWords).join(", ")}${others}; use fewer servers${ofTools > stable / 2 ? "" : ", show the model fewer files"}, or choose a model with a larger window`
  return new ContextTooLarge({ tokens, limit, problem, servers })
}

const nothingToLeaveOut = new InvalidMessage({
  problem: "A summary would not make this session smaller; nothing was changed"
})

/** What the round said that the model must still answer, when its message is among those left out. */
const ownMessage = (state: SessionState, kept: number): ReadonlyArray<SummaryText.HeadBlock> => {
  const { context, history, round } = state
  if (round === undefined || !round.open || kept >= history.sinceRequest) return []
  const sources = ofBlocks(context?.manifest ?? [])
  // A copy is a block of its own: where the first one comes from is still to be told when the compaction is undone.
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
  return [...own, ...round.said.map((block) => again(block, "request"))]
}

const segments = (part: ReadonlyArray<SummaryText.HeadBlock>): ReadonlyArray<Segment> =>
  part.map(({ block, ...section }) =>
    segment("round", { ...section, text: block._tag === "Text" ? block.text : block.data })
  )

/** Old results lose their content, where that makes enough room by itself. */
const pruning = (options: Options): Compacted | undefined => {
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

/** Everything but the last messages is summed up; files and dynamic context are shown anew. */
const summing = Effect.fnUntraced(function* (options: Options) {
  const { before, dynamic, limit, log, roundId, why } = options
  const { state } = log
  const messages = state.history.messages()
  const kept = Plan.keep(messages, limit)
  if (kept === undefined) return undefined
  const left = messages.slice(messages.length - kept)
  // No summary is paid for where it could not help.
  const least = RequestSize.ofMessages(left) - Plan.largestResults(left, Number.POSITIVE_INFINITY).saved
  if (least > limit) return undefined
  const leftOut = messages.slice(0, messages.length - kept)
  const summary = yield* Summary.of({ ...options, messages: leftOut })
  const { baseline, segments: stable } = yield* ContextBuilder.stable(state.baseline?.tools ?? [])
  const values = Dynamic.render(dynamic, {})
  const own = ownMessage(state, kept)
  const goalIsThere = textOf(state.round?.said ?? []) === textOf(state.goal ?? [])
  const { origins } = state.history
  const goal = goalIsThere ? [] : (state.goal ?? [])
  const provenance = {
    // A summary of what came from outside may hold any of it.
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
  // What stays is too large for the model even so: a result that nobody can read is worth less than going on.
  const { calls } = Plan.largestResults(left, size - limit)
  return { ...event, pruned: calls }
})

/**
 * Makes later requests smaller: old results lose their content; if that is not enough, everything but the last messages is
 * replaced by a summary. What is pinned, what the user asked for first and what the round is about stay word for word, and
 * no call is parted from its result. Fails when that does not make the request smaller than it was and small enough; then
 * nothing is changed. The log keeps everything, and `CompactionUndone` takes it back.
 */
export const compact = Effect.fn("Compaction.compact")(function* (options: Options) {
  const { before, limit, log } = options
  const { state } = log
  const stable = RequestSize.ofStable({ system: state.baseline?.system ?? "", tools: state.baseline?.tools ?? [] })
  const event = pruning(options) ?? (yield* summing(options))
  const wanted = options.why === "request"
  const refusal = wanted ? nothingToLeaveOut : tooLarge(options, stable)
  if (event === undefined) return yield* refusal
  const [estimated, tokens] = [stable + RequestSize.ofMessages(state.history.messages()), sizeAfter(state, event)]
  if (tokens >= estimated || (!wanted && tokens > limit)) return yield* refusal
  const after: TokenCount = { tokens: Math.min(tokens, before.tokens), by: "estimated" }
  yield* log.append([{ ...event, after }])
  return after
})
