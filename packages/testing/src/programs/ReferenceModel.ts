import { type Block, textOf } from "@parley/domain/Content"
import type { Message } from "@parley/domain/Message"
import type { EventOf, LogEntry } from "@parley/domain/SessionEvent"
import { type ToolOutcome, toResult } from "@parley/domain/Tool"
import { type Predicted, predict } from "./Predicted.ts"
import * as RoundsInEffect from "./RoundsInEffect.ts"
import type { Disturbance, EngineLimits, Sent } from "./Sent.ts"
import type { RecordedRequest, Violations } from "../invariants/Known.ts"

/**
 * The expected result of a message, derived without any of the engine's code from its script and its disturbances. The
 * result of an undisturbed message is fully determined. A disturbed round may end early, and its calls may be `Unknown` or
 * `NotExecuted`; it may not differ in any other way.
 */

export type { Disturbance, EngineLimits, Sent } from "./Sent.ts"

/** A round, as recorded in the log. */
interface LoggedRound {
  readonly start: EventOf<"RoundStarted">
  context?: EventOf<"ContextBuilt">
  readonly turns: Array<{ readonly id: string; end?: EventOf<"TurnCompleted" | "TurnFailed" | "TurnInterrupted"> }>
  readonly started: Set<string>
  readonly settled: Map<string, ToolOutcome>
  end?: string
}

/**
 * The rounds in a log, with the facts that the model of the engine needs.
 *
 * @since 0.1.0
 * @category functions
 */
export const roundsOf = (log: ReadonlyArray<LogEntry>): ReadonlyArray<LoggedRound> => {
  const rounds: Array<LoggedRound> = []
  for (const { event } of log) {
    const round = rounds.at(-1)
    if (event._tag === "RoundStarted") rounds.push({ start: event, turns: [], started: new Set(), settled: new Map() })
    else if (round === undefined) return rounds
    else if (event._tag === "ContextBuilt") round.context = event
    else if (event._tag === "TurnStarted") round.turns.push({ id: event.turnId })
    else if (event._tag === "ToolStarted") round.started.add(event.callId)
    else if (event._tag === "ToolSettled") round.settled.set(event.callId, event.outcome)
    else if (event._tag === "RoundCompleted") round.end = `completed:${event.stop}`
    else if (event._tag === "RoundFailed") round.end = `failed:${event.failure.error}`
    else if (event._tag === "RoundCancelled") round.end = "cancelled"
    else if ("content" in event) Object.assign(round.turns.at(-1) ?? {}, { end: event })
  }
  return rounds
}

const json = (value: unknown) => JSON.stringify(value)
const callsOf = (content: ReadonlyArray<Block>) => content.filter((block) => block._tag === "ToolCall")

const isCalm = (disturbed: Sent["disturbed"]): boolean => disturbed.size === (disturbed.has("contended") ? 1 : 0)

/** Compares what the sender received with the end of the round. */
const compareAnswer = ({ end }: LoggedRound, { answer, disturbed, text }: Sent): Violations => {
  if (answer === undefined || answer === "waiting" || end === undefined || !isCalm(disturbed)) return []
  const logged = end.replace(/^completed:.*/, "completed").replace("failed:", "")
  return logged === answer ? [] : [`${text}: the sender received ${answer}, the log contains ${end}`]
}

/** Compares one round with the prediction. */
const compareRound = (round: LoggedRound, sent: Sent, limits: EngineLimits): Violations => {
  const { disturbed, text } = sent
  const predicted = predict(sent, round.start.roundId, limits)
  const found: Array<string> = []
  for (const [i, { end, id }] of round.turns.entries()) {
    const turn = predicted.turns[i]
    if (turn === undefined) found.push(`turn ${id} is not in the script`)
    if (turn === undefined || end === undefined) continue
    if (end._tag === "TurnInterrupted" && turn.status !== "TurnInterrupted") {
      if (isCalm(disturbed)) found.push(`turn ${id} was interrupted without a cause`)
      if (!textOf(turn.content).startsWith(textOf(end.content).replace(/\uFFFD$/, "")))
        found.push(`turn ${id} kept text that was not sent: ${json(end.content)}`)
      continue
    }
    if (end._tag === "TurnInterrupted" && !isCalm(disturbed)) continue
    const stop = end._tag === "TurnCompleted" ? end.stop : undefined
    const [is, expected] = [
      [end._tag, stop, end.content, end.usage],
      [turn.status, turn.stop, turn.content, turn.usage]
    ].map(json)
    if (is !== expected) found.push(`turn ${id} is ${is}, expected ${expected}`)
    for (const [n, call] of callsOf(end.content).entries()) {
      const outcome = round.settled.get(call.callId)
      const allowed = turn.outcomes[n] ?? []
      const early = round.started.has(call.callId) ? "Unknown" : "NotExecuted"
      if (outcome === undefined || allowed.some((other) => json(other) === json(outcome))) continue
      if (isCalm(disturbed) || outcome._tag !== early)
        found.push(`call ${call.callId} is ${json(outcome)}, expected ${json(allowed)}`)
    }
  }
  if (round.end !== undefined) found.push(...compareEnd(round, sent, predicted))
  return found.map((violation) => `${text}: ${violation}`)
}

const compareEnd = (round: LoggedRound, { configs, disturbed }: Sent, predicted: Predicted): Violations => {
  const early: { readonly [end: string]: ReadonlyArray<Disturbance> } = {
    cancelled: ["cancel", "parked"],
    "failed:Interrupted": ["crash", "disk", "writer", "parked"],
    "failed:StorageError": ["disk", "parked"],
    "failed:SessionBusy": ["writer", "disk", "parked"]
  }
  const end = round.end ?? ""
  if (early[end]?.some((cause) => disturbed.has(cause)) === true) return []
  const required = configs.some(({ slot }) => slot === "required")
  if (required && end === "failed:ContextUnresolved" && round.turns.length === 0) return []
  if (end !== predicted.end || configs.every(({ slot }) => slot === "required"))
    return [`the round ended ${end}, expected ${predicted.end}`]
  return round.turns.length === predicted.turns.length
    ? []
    : [`the round has ${round.turns.length} turns, expected ${predicted.turns.length}`]
}

const sendable = (block: Block) =>
  block._tag === "Text" ? block.text.trim() !== "" : "raw" in block ? block.raw !== "" : true

/** Failures that the content of the request caused. */
const rejections = new Set(["InvalidRequest", "ContextOverflow", "Refused"])

/** The round part as it is sent. A newer baseline removes its files and slots. */
const partOf = ({ context }: LoggedRound, isOld: boolean): ReadonlyArray<Block> => {
  const sources = context?.manifest.filter(({ bytes, part }) => part === "round" && bytes > 0) ?? []
  return (context?.roundPart ?? []).filter((_, i) => !isOld || !/^(file|dynamic):/.test(sources[i]?.source ?? ""))
}

/** The baseline in effect after these rounds. */
const baselineOf = (rounds: ReadonlyArray<LoggedRound>) =>
  rounds.flatMap(({ context }) => (context?.baseline === undefined ? [] : [context.baseline])).at(-1)

/**
 * The messages that the request for turn `turn` of round `at` must contain.
 *
 * @since 0.1.0
 * @category functions
 */
export const messagesFor = (rounds: ReadonlyArray<LoggedRound>, at: number, turn: number): ReadonlyArray<Message> => {
  const out: Array<{ role: Message["role"]; content: Array<Block> }> = []
  const add = (role: Message["role"], blocks: ReadonlyArray<Block>) => {
    const content = blocks.filter(sendable)
    const last = out.at(-1)
    if (content.length === 0) return
    if (last?.role === role) last.content.push(...content)
    else out.push({ role, content: [...content] })
  }
  /** Removes everything since the last response. Tool results remain, but their content is replaced. */
  const leaveOut = () => {
    const last = out.at(-1)?.role === "user" ? out.pop() : undefined
    const results = last?.content.filter((block) => block._tag === "ToolResult") ?? []
    const left = { _tag: "Text" as const, text: "The result is left out: the request that held it was rejected." }
    add(
      "user",
      results.map(({ _tag, callId, isError }) => ({ _tag, callId, isError, content: [left] }))
    )
  }
  const included = rounds.slice(0, at + 1)
  const based = included.findLastIndex(({ context }) => context?.baseline !== undefined)
  for (const [i, round] of included.entries()) {
    add("user", [...partOf(round, i < based), ...round.start.request])
    for (const { end } of i === at ? round.turns.slice(0, turn) : round.turns) {
      if (end?._tag === "TurnFailed" && rejections.has(end.failure.reason ?? "")) leaveOut()
      if (end?._tag !== "TurnCompleted") continue
      // Thinking is kept only until the next baseline.
      add("assistant", i < based ? end.content.filter(({ _tag }) => _tag !== "Thinking") : end.content)
      add(
        "user",
        callsOf(end.content).flatMap(({ callId }) => {
          const outcome = round.settled.get(callId)
          return outcome === undefined ? [] : [toResult(callId, outcome)]
        })
      )
    }
  }
  return out
}

const compareRequest = (
  all: ReadonlyArray<LoggedRound>,
  { before }: RoundsInEffect.InEffect,
  { request, turnId }: RecordedRequest
): Violations => {
  const round = all.find(({ turns }) => turns.some(({ id }) => id === turnId))
  const turn = round?.turns.findIndex(({ id }) => id === turnId) ?? -1
  if (round === undefined) return [`a request was sent for turn ${turnId}, which is not in the log`]
  const { roundId } = round.start
  const seen = new Set([...(before.get(roundId) ?? []), roundId])
  const rounds = all.filter(({ start }) => seen.has(start.roundId))
  const at = rounds.indexOf(round)
  const baseline = baselineOf(rounds.slice(0, at + 1))
  const [is, expected] = [
    [request.system, request.tools, request.messages],
    [baseline?.system, baseline?.tools, messagesFor(rounds, at, turn)]
  ].map(json)
  return is === expected ? [] : [`the request for turn ${turnId} is ${is}, expected ${expected}`]
}

/**
 * Compares everything the program did to one session with the session's log and requests. `predictable`: turns, outcomes and
 * ends of rounds, too.
 *
 * @since 0.1.0
 * @category functions
 */
export const compare = (
  sent: ReadonlyArray<Sent>,
  log: ReadonlyArray<LogEntry>,
  requests: ReadonlyArray<RecordedRequest>,
  limits: EngineLimits,
  { predictable = true }: { readonly predictable?: boolean } = {}
): Violations => {
  const rounds = roundsOf(log)
  const found: Array<string> = []
  for (const message of sent) {
    const admitted = rounds.filter(({ start }) => textOf(start.request) === message.text)
    if (admitted.length > 1) found.push(`${message.text} was admitted ${admitted.length} times`)
    if (admitted.length > 0 && message.answer === "MessageWithdrawn")
      found.push(`${message.text} was withdrawn and is in the log`)
    const refused =
      (message.answer === "SessionBusy" && message.disturbed.has("contended")) ||
      (message.answer === "InvalidMessage" && message.edits) ||
      message.answer === "RoundWaiting"
    if (admitted.length > 0 && message.answer === "RoundWaiting")
      found.push(`${message.text} was refused and is in the log`)
    if (admitted.length === 0 && message.answer !== undefined && isCalm(message.disturbed) && !refused)
      found.push(`${message.text} was answered ${message.answer} and is not in the log`)
    if (message.answer !== undefined && isCalm(message.disturbed))
      for (const { end } of admitted)
        if (end === undefined && message.answer !== "waiting")
          found.push(`${message.text} is answered and its round open`)
    for (const round of admitted) {
      if (predictable) found.push(...compareRound(round, message, limits))
      found.push(...compareAnswer(round, message))
    }
  }
  for (const writer of new Set(sent.map((message) => message.writer))) {
    const texts = sent.filter((message) => message.writer === writer).map((message) => message.text)
    const order = rounds.map(({ start }) => texts.indexOf(textOf(start.request))).filter((i) => i >= 0)
    if (order.some((n, i) => n < (order[i - 1] ?? -1))) found.push(`writer ${writer} ran [${order.join()}]`)
  }
  const inEffect = RoundsInEffect.of(log)
  return [...found, ...inEffect.violations, ...requests.flatMap((request) => compareRequest(rounds, inEffect, request))]
}
