import { textOf } from "@parley/domain/Content"
import type { TurnId } from "@parley/domain/Ids"
import * as Message from "@parley/domain/Message"
import { format } from "@parley/domain/ModelRef"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import { isRejection } from "@parley/domain/ModelError"
import { betweenRounds, endsRound, endsTurn, type EventOf, type LogEntry } from "@parley/domain/SessionEvent"
import { TurnContent } from "@parley/domain/TurnContent"
import type { Violations } from "./Known.ts"
import { isWaiting } from "./QuestionInvariants.ts"

/**
 * Sequence numbers increase by one. Only the removed deltas of finished turns leave gaps.
 *
 * @since 0.1.0
 * @category functions
 */
export const denseOrder = (seen: ReadonlyArray<LogEntry>): Violations =>
  seen.flatMap(({ seq }, i) => (seq === i + 1 ? [] : [`entry ${i + 1} has number ${seq}`])).slice(0, 1)

/**
 * When a round closes, each call of its complete turns is settled exactly once. No call is ever settled twice.
 *
 * @since 0.1.0
 * @category functions
 */
export const settledOnce = (log: ReadonlyArray<LogEntry>): Violations => {
  const settledTimes = new Map<string, number>()
  const found: Array<string> = []
  for (const { event } of log) {
    if (event._tag === "TurnCompleted")
      for (const block of event.content) if (block._tag === "ToolCall") settledTimes.set(block.callId, 0)
    if (event._tag === "ContextCallRequested") settledTimes.set(event.callId, 0)
    if (event._tag === "ToolSettled") {
      const times = (settledTimes.get(event.callId) ?? Number.NaN) + 1
      settledTimes.set(event.callId, times)
      if (times !== 1) found.push(`call ${event.callId} was settled ${times} times`)
    }
    if (endsRound(event)) {
      for (const [call, times] of settledTimes)
        if (times === 0) found.push(`call ${call} is not settled at ${event._tag}`)
      settledTimes.clear()
    }
  }
  return found
}

/**
 * A call is started at most once, only after its turn is complete, never after a denial, and before it is settled.
 *
 * @since 0.1.0
 * @category functions
 */
export const intentFirst = (log: ReadonlyArray<LogEntry>): Violations => {
  const state = new Map<string, "requested" | "denied" | "started" | "settled">()
  const found: Array<string> = []
  for (const { event } of log) {
    if (event._tag === "TurnCompleted")
      for (const block of event.content) if (block._tag === "ToolCall") state.set(block.callId, "requested")
    if (event._tag === "ContextCallRequested") state.set(event.callId, "requested")
    if (event._tag === "ToolDecided") {
      if (state.get(event.callId) !== "requested")
        found.push(`call ${event.callId} was decided about when ${state.get(event.callId)}`)
      if (!event.allowed) state.set(event.callId, "denied")
    }
    if (event._tag === "ToolStarted") {
      if (state.get(event.callId) !== "requested")
        found.push(`call ${event.callId} started when ${state.get(event.callId)}`)
      state.set(event.callId, "started")
    }
    if (event._tag === "ToolSettled") {
      const { outcome } = event
      if (outcome._tag === "Succeeded" && state.get(event.callId) !== "started")
        found.push(`call ${event.callId} ran and was never recorded as started`)
      if ((outcome._tag === "Denied") !== (state.get(event.callId) === "denied"))
        found.push(`call ${event.callId} is ${outcome._tag} when ${state.get(event.callId)}`)
      if (outcome._tag === "Unknown" && state.get(event.callId) !== "started")
        found.push(`call ${event.callId} is unknown but never started`)
      if (outcome._tag === "NotExecuted" && state.get(event.callId) === "started")
        found.push(`call ${event.callId} was started and is called not executed`)
      state.set(event.callId, "settled")
    }
  }
  return found
}

/**
 * There are no events between rounds: each belongs to the open round, and none follows the event that closes it.
 *
 * @since 0.1.0
 * @category functions
 */
export const nothingAfterClose = (log: ReadonlyArray<LogEntry>): Violations => {
  let open = false
  return log.flatMap(({ event, seq }) => {
    const was = open
    if (event._tag === "RoundStarted") open = true
    else if (endsRound(event)) open = false
    return was === (event._tag === "RoundStarted" || betweenRounds(event))
      ? [`${event._tag} at ${seq} with the round ${was ? "open" : "closed"}`]
      : []
  })
}

/**
 * The log of a session without a running round ends with a closed round, or with one that waits for answers.
 *
 * @since 0.1.0
 * @category functions
 */
export const closed = (log: ReadonlyArray<LogEntry>): Violations => {
  const last = log.findLast(({ event }) => !betweenRounds(event))
  return last === undefined || endsRound(last.event) || isWaiting(log) ? [] : [`the log ends with ${last.event._tag}`]
}

/**
 * Each turn that started ends exactly once, before the next turn starts and before its round closes. It has no events after
 * its end.
 *
 * @since 0.1.0
 * @category functions
 */
export const turnsEndOnce = (log: ReadonlyArray<LogEntry>): Violations => {
  let open: TurnId | undefined
  return log.flatMap(({ event, seq }) => {
    const was = open
    if (event._tag === "TurnDelta" && was !== event.turnId)
      return [`a delta of ${event.turnId} at ${seq} while ${was ?? "no turn"} is open`]
    if (event._tag === "TurnStarted") {
      open = event.turnId
      return was === undefined ? [] : [`turn ${event.turnId} started at ${seq} while ${was} is open`]
    }
    if (endsTurn(event)) {
      open = undefined
      return was === event.turnId
        ? []
        : [`${event._tag} of ${event.turnId} at ${seq} while ${was ?? "no turn"} is open`]
    }
    return endsRound(event) && was !== undefined ? [`${event._tag} at ${seq} while ${was} is open`] : []
  })
}

/**
 * The deltas of a turn that a subscriber received, concatenated, equal the content of the completed turn.
 *
 * @since 0.1.0
 * @category functions
 */
export const deltasConcatenate = (seen: ReadonlyArray<LogEntry>): Violations => {
  const pieces = new Map<TurnId, Array<ProviderChunk>>()
  return seen.flatMap(({ event }) => {
    if (event._tag === "TurnDelta") pieces.set(event.turnId, [...(pieces.get(event.turnId) ?? []), ...event.chunks])
    if (event._tag !== "TurnCompleted") return []
    const content = new TurnContent(event.turnId)
    content.add(pieces.get(event.turnId) ?? [])
    const [shown, stored] = [JSON.stringify(content.blocks()), JSON.stringify(event.content)]
    return shown === stored ? [] : [`turn ${event.turnId}: shown ${shown}, stored ${stored}`]
  })
}

/**
 * Every request is legal, and the results of a turn are in the order of its calls. If the log is given, a request may end
 * with the response of a turn that paused; requests leave out its blocks that are not `sendable`.
 *
 * @since 0.1.0
 * @category functions
 */
export const legalRequests = (requests: ReadonlyArray<ModelRequest>, log: ReadonlyArray<LogEntry> = []): Violations => {
  const pauses = new Set(
    log.flatMap(({ event }) =>
      event._tag === "TurnCompleted" && event.stop === "pause"
        ? [JSON.stringify(event.content.findLast(Message.sendable))]
        : []
    )
  )
  return requests.flatMap(({ messages }, i) => {
    const last = messages.at(-1)
    const paused = last?.role === "assistant" && pauses.has(JSON.stringify(last.content.at(-1)))
    const rule = Message.illegal(messages, { paused })
    return rule === undefined ? [] : [`request ${i + 1}: ${rule}`]
  })
}

/**
 * Without a new baseline, a compaction or an undo, each request is a prefix of the next one. Content that was added to a request that
 * the provider rejected is withdrawn, so the next request begins with the last one that was answered. The thinking of a
 * model is not part of requests to another one. `turns` are the turns of the requests, if known; otherwise each turn that
 * started is assumed to have sent one request.
 *
 * @since 0.1.0
 * @category functions
 */
export const prefixStable = (
  requests: ReadonlyArray<ModelRequest>,
  log: ReadonlyArray<LogEntry>,
  turns: ReadonlyArray<string | undefined> = log.flatMap(({ event }) =>
    event._tag === "TurnStarted" ? [event.turnId] : []
  )
): Violations => {
  const ends = new Map<string | undefined, TurnEnd>()
  for (const { event } of log) if (endsTurn(event)) ends.set(event.turnId, event)
  const turnsOf = conversation(log)
  let before: ModelRequest | undefined
  let answered: ModelRequest | undefined
  let edits = 0
  return requests.flatMap((next, i) => {
    const known = turnsOf.get(turns[i] ?? "")
    if (known?.aside === true) return []
    // A compaction replaces earlier messages from here on, and an undo removes the latest ones.
    const edited = known !== undefined && known.edits !== edits
    const previous = edited ? undefined : before
    if (edited) answered = undefined
    edits = known?.edits ?? edits
    const end = turns.length === requests.length ? ends.get(turns[i]) : undefined
    if (end?._tag === "TurnCompleted") answered = next
    before = end?._tag === "TurnFailed" && isRejection(end.failure) ? answered : next
    if (previous === undefined || previous.system !== next.system) return []
    const isOther = format(previous.model) !== format(next.model)
    const shown = (request: ModelRequest) => flat(isOther ? withoutThinking(request) : request)
    if (shown(next).startsWith(shown(previous))) return []
    return [`request ${i + 1} does not begin with the one before it`]
  })
}

/**
 * For each turn: whether it is outside the conversation, and how often the history was edited before it. A new baseline is
 * an edit even if its system prompt is unchanged, because it removes the file contents from earlier round parts.
 */
const conversation = (log: ReadonlyArray<LogEntry>) => {
  let edits = 0
  return new Map(
    log.flatMap(({ event }) => {
      if (event._tag === "ContextCompacted" || event._tag === "CompactionUndone") edits++
      if (event._tag === "RoundsUndone" || event._tag === "RoundsRedone") edits++
      if (event._tag === "ContextBuilt" && event.baseline !== undefined) edits++
      return event._tag === "TurnStarted"
        ? [[String(event.turnId), { aside: event.purpose !== undefined, edits }] as const]
        : []
    })
  )
}

type TurnEnd = EventOf<"TurnCompleted" | "TurnFailed" | "TurnInterrupted">

/** A request without thinking, which is sent back only to the model that produced it. */
const withoutThinking = (request: ModelRequest): ModelRequest => ({
  ...request,
  messages: request.messages.map(({ content, role }) => ({
    role,
    content: content.filter(({ _tag }) => _tag !== "Thinking")
  }))
})

const flat = ({ messages }: ModelRequest) =>
  messages.map(({ content, role }) => `${role}:${content.map((block) => JSON.stringify(block)).join(",")}`).join("\n")

/**
 * No request contains text of a failed or interrupted turn. Texts that also occur elsewhere are not considered.
 *
 * @since 0.1.0
 * @category functions
 */
export const excludesFailed = (log: ReadonlyArray<LogEntry>, requests: ReadonlyArray<ModelRequest>): Violations => {
  const bad = log.flatMap(({ event }) =>
    event._tag === "TurnFailed" || event._tag === "TurnInterrupted" ? [textOf(event.content)] : []
  )
  const good = log.flatMap(({ event }) => (event._tag === "TurnCompleted" ? [textOf(event.content)] : []))
  const sent = requests.flatMap(({ messages }) =>
    messages.filter(({ role }) => role === "assistant").map(({ content }) => textOf(content))
  )
  return bad
    .filter((text) => text !== "" && !good.some((other) => other.includes(text)))
    .filter((text) => sent.some((other) => other.includes(text)))
    .map((text) => `a request holds the failed turn's ${JSON.stringify(text)}`)
}
