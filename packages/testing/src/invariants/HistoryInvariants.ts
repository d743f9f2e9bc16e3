import { endsRound, endsTurn, type LogEntry } from "@parley/domain/SessionEvent"
import type { SessionInfo } from "@parley/domain/SessionInfo"
import type { Usage } from "@parley/domain/Usage"
import type { RecordedRequest, Violations } from "./Known.ts"

const flat = (entry: LogEntry) => JSON.stringify(entry)

/**
 * Invariants 3 and 4: stored events never change. Only deltas are removed, when the end of their turn replaces them.
 *
 * @since 0.1.0
 * @category functions
 */
export const appendOnly = (snapshots: ReadonlyArray<ReadonlyArray<LogEntry>>): Violations =>
  snapshots.slice(1).flatMap((after, i) => {
    const there = new Map(after.map((entry) => [entry.seq, flat(entry)]))
    const ended = new Set(after.flatMap(({ event }) => (endsTurn(event) ? [event.turnId] : [])))
    return (snapshots[i] ?? [])
      .filter(({ event }) => event._tag !== "TurnDelta" || !ended.has(event.turnId))
      .filter((entry) => there.get(entry.seq) !== flat(entry))
      .map(({ event, seq }) => `${event._tag} at ${seq} is gone or changed in snapshot ${i + 2}`)
  })

/**
 * Invariant 2: every event names its parents: a turn names its round, a call its turn or round.
 *
 * @since 0.1.0
 * @category functions
 */
export const tree = (log: ReadonlyArray<LogEntry>): Violations => {
  let round = ""
  let turn = ""
  return log.flatMap(({ event, seq }) => {
    const at = (what: string, own: boolean) => (own ? [] : [`${event._tag} at ${seq} names ${what}`])
    if (event._tag === "RoundStarted") round = event.roundId
    else if ("roundId" in event && event.roundId !== round) return at(`round ${event.roundId} within ${round}`, false)
    if (event._tag === "TurnStarted") turn = event.turnId
    if ("turnId" in event) return at(`turn ${event.turnId}`, event.turnId === turn && turn.startsWith(`${round}t`))
    if (event._tag === "ToolDecided" || event._tag === "ToolStarted" || event._tag === "ToolSettled")
      return at(`call ${event.callId}`, event.callId.startsWith(`${turn}c`) || event.callId.startsWith(`${round}c`))
    return []
  })
}

/**
 * Invariant 10: every event that a subscriber received equals the stored event.
 *
 * @since 0.1.0
 * @category functions
 */
export const shownIsStored = (seen: ReadonlyArray<LogEntry>, committed: ReadonlyArray<LogEntry>): Violations => {
  const stored = new Map(committed.map((entry) => [entry.seq, flat(entry)]))
  return seen
    .filter((entry) => stored.get(entry.seq) !== flat(entry))
    .map(({ event, seq }) => `${event._tag} at ${seq} was shown and is not what was stored`)
}

/**
 * Invariant 13: every stored string is well-formed Unicode, except in deltas, which may split a character.
 *
 * @since 0.1.0
 * @category functions
 */
export const wellFormed = (log: ReadonlyArray<LogEntry>): Violations =>
  log
    .filter(({ event }) => event._tag !== "TurnDelta" && /\\u[dD][89a-fA-F]/.test(JSON.stringify(event)))
    .map(({ event, seq }) => `${event._tag} at ${seq} holds half a character`)

/**
 * Invariant 23: all requests of a round have the same tools and, without a compaction, the same system prompt. Turns that
 * write a summary are exempt.
 *
 * @since 0.1.0
 * @category functions
 */
export const frozenTools = (requests: ReadonlyArray<RecordedRequest>, log: ReadonlyArray<LogEntry>): Violations => {
  const first = new Map<string, string>()
  const asides = new Set<string>()
  const compacted = new Set<string>()
  for (const { event } of log) {
    if (event._tag === "TurnStarted" && event.purpose !== undefined) asides.add(event.turnId)
    if (event._tag === "ContextCompacted") compacted.add(event.roundId)
  }
  return requests.flatMap(({ request, turnId }) => {
    if (asides.has(turnId ?? "")) return []
    const round = turnId?.split("t")[0] ?? ""
    const frozen = JSON.stringify([compacted.has(round) ? "" : request.system, request.tools])
    const same = (first.get(round) ?? frozen) === frozen
    first.set(round, first.get(round) ?? frozen)
    return same ? [] : [`the request of turn ${turnId} has other tools than its round`]
  })
}

/**
 * Invariant 44: a request is sent only after the start of its turn is stored.
 *
 * @since 0.1.0
 * @category functions
 */
export const turnBeforeRequest = (requests: ReadonlyArray<RecordedRequest>): Violations =>
  requests.flatMap(({ turnId, turnStored }) =>
    turnStored ? [] : [`a request was sent before turn ${turnId} was stored`]
  )

/**
 * Invariant 28: the system prompt contains no date.
 *
 * @since 0.1.0
 * @category functions
 */
export const nothingVolatile = (requests: ReadonlyArray<RecordedRequest>): Violations =>
  requests.flatMap(({ request, turnId }) =>
    /\d{4}-\d{2}-\d{2}/.test(request.system) ? [`the system prompt of turn ${turnId} holds a date`] : []
  )

const add = (a: Usage, b: Usage): Usage => ({
  inputTokens: a.inputTokens + b.inputTokens,
  outputTokens: a.outputTokens + b.outputTokens,
  cacheReadTokens: a.cacheReadTokens + b.cacheReadTokens,
  cacheWriteTokens: a.cacheWriteTokens + b.cacheWriteTokens
})

/** Floating-point sums of the same amounts in another order differ in the last digits. */
const same = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b))

/**
 * Invariant 46: the usage (tokens) and cost (dollars) of a session are the sums over its turns, also over undone ones, and
 * without those that a fork copied.
 *
 * @since 0.1.0
 * @category functions
 */
export const usageAddsUp = (log: ReadonlyArray<LogEntry>, info: SessionInfo): Violations => {
  const own = log.slice(log.findLastIndex(({ event }) => event._tag === "Forked") + 1)
  const turns = own.flatMap(({ event }) => (endsTurn(event) ? [event] : []))
  const none: Usage = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 }
  const used = turns.reduce((sum, { usage }) => add(sum, usage), none)
  const cost = turns.reduce((sum, turn) => sum + (turn.cost ?? 0), 0)
  const [is, sum] = [JSON.stringify(info.usage), JSON.stringify(used)]
  const open = log.findLast(({ event }) => event._tag === "RoundStarted" || endsRound(event))?.event._tag
  return [
    ...(is === sum ? [] : [`the session used ${is}, its turns ${sum}`]),
    ...(same(info.cost, cost) ? [] : [`the session cost $${info.cost}, its turns $${cost}`]),
    ...(info.open === (open === "RoundStarted") ? [] : [`the session is ${info.open ? "open" : "closed"}`])
  ]
}
