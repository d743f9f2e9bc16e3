import { type Block, textOf } from "@parley/domain/Content"
import type { Message } from "@parley/domain/Message"
import type { EventOf, LogEntry } from "@parley/domain/SessionEvent"
import { type ToolOutcome, toResult } from "@parley/domain/Tool"
import { type Disturbance, type EngineLimits, type Predicted, predict, type Sent } from "./internal/Predicted.ts"
import type { RecordedRequest, Violations } from "./internal/Known.ts"

/**
 * What must come of a message, worked out without any of the engine's code: from its script, and from what happened to it
 * while it ran. Where nothing happened to it, all is determined; where something did, a round may stop early and calls may
 * be unknown or not executed, and nothing else.
 */

export type { Disturbance, EngineLimits, Sent } from "./internal/Predicted.ts"

/** A round as the log tells it. */
interface Told {
  readonly start: EventOf<"RoundStarted">
  context?: EventOf<"ContextBuilt">
  readonly turns: Array<{ readonly id: string; end?: EventOf<"TurnCompleted" | "TurnFailed" | "TurnInterrupted"> }>
  readonly started: Set<string>
  readonly settled: Map<string, ToolOutcome>
  end?: string
}

export const tell = (log: ReadonlyArray<LogEntry>): ReadonlyArray<Told> => {
  const rounds: Array<Told> = []
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

/** One round against what was predicted of it. */
const compareRound = (round: Told, sent: Sent, limits: EngineLimits): Violations => {
  const { disturbed, text } = sent
  const predicted = predict(sent, round.start.roundId, limits)
  const found: Array<string> = []
  for (const [i, { end, id }] of round.turns.entries()) {
    const turn = predicted.turns[i]
    if (turn === undefined) found.push(`turn ${id} was not asked for by the script`)
    if (turn === undefined || end === undefined) continue
    if (end._tag === "TurnInterrupted" && turn.status !== "TurnInterrupted") {
      if (isCalm(disturbed)) found.push(`turn ${id} was interrupted by nobody`)
      if (!textOf(turn.content).startsWith(textOf(end.content).replace(/\uFFFD$/, "")))
        found.push(`turn ${id} kept text that was not said: ${json(end.content)}`)
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
  if (sent.answer !== undefined && round.end !== undefined && isCalm(disturbed)) {
    const told = round.end.replace(/^completed:.*/, "completed").replace("failed:", "")
    if (told !== sent.answer) found.push(`who sent it was told ${sent.answer}, the log says ${round.end}`)
  }
  return found.map((violation) => `${text}: ${violation}`)
}

const compareEnd = (round: Told, { configs, disturbed }: Sent, predicted: Predicted): Violations => {
  const early: { readonly [end: string]: ReadonlyArray<Disturbance> } = {
    cancelled: ["cancel"],
    "failed:Interrupted": ["crash", "disk", "writer"],
    "failed:StorageError": ["disk"],
    "failed:SessionBusy": ["writer", "disk"]
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

/** Failures that are about what the request said. */
const rejections = new Set(["InvalidRequest", "ContextOverflow", "Refused"])

/** A round part. What it said of files and slots is gone once there is a newer baseline. */
const partOf = ({ context }: Told, isOld: boolean): ReadonlyArray<Block> => {
  const sources = context?.manifest.filter(({ bytes, part }) => part === "round" && bytes > 0) ?? []
  return (context?.roundPart ?? []).filter((_, i) => !isOld || !/^(file|dynamic):/.test(sources[i]?.source ?? ""))
}

/** What stands before the messages after these rounds. */
const baselineOf = (rounds: ReadonlyArray<Told>) =>
  rounds.flatMap(({ context }) => (context?.baseline === undefined ? [] : [context.baseline])).at(-1)

/** What the request for turn `turn` of round `at` must say. */
export const messagesFor = (rounds: ReadonlyArray<Told>, at: number, turn: number): ReadonlyArray<Message> => {
  const out: Array<{ role: Message["role"]; content: Array<Block> }> = []
  const add = (role: Message["role"], blocks: ReadonlyArray<Block>) => {
    const content = blocks.filter(sendable)
    const last = out.at(-1)
    if (content.length === 0) return
    if (last?.role === role) last.content.push(...content)
    else out.push({ role, content: [...content] })
  }
  /** What was said since the last answer goes; results stay, without what they said. */
  const leaveOut = () => {
    const last = out.at(-1)?.role === "user" ? out.pop() : undefined
    const results = last?.content.filter((block) => block._tag === "ToolResult") ?? []
    const said = { _tag: "Text" as const, text: "The result is left out: the request that held it was rejected." }
    add(
      "user",
      results.map(({ _tag, callId, isError }) => ({ _tag, callId, isError, content: [said] }))
    )
  }
  const told = rounds.slice(0, at + 1)
  const based = told.findLastIndex(({ context }) => context?.baseline !== undefined)
  const now = baselineOf(told)
  for (const [i, round] of told.entries()) {
    add("user", [...partOf(round, i < based), ...round.start.request])
    for (const { end } of i === at ? round.turns.slice(0, turn) : round.turns) {
      if (end?._tag === "TurnFailed" && rejections.has(end.failure.reason ?? "")) leaveOut()
      if (end?._tag !== "TurnCompleted") continue
      // Thinking stays behind what it was produced after.
      const then = baselineOf(told.slice(0, i + 1))
      const isBound = then?.key !== now?.key || then?.system !== now?.system
      add("assistant", isBound ? end.content.filter(({ _tag }) => _tag !== "Thinking") : end.content)
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

const compareRequest = (rounds: ReadonlyArray<Told>, { request, turnId }: RecordedRequest): Violations => {
  const at = rounds.findIndex((round) => round.turns.some(({ id }) => id === turnId))
  const turn = rounds[at]?.turns.findIndex(({ id }) => id === turnId) ?? -1
  if (turn < 0) return [`a request was sent for turn ${turnId}, which is not in the log`]
  const baseline = baselineOf(rounds.slice(0, at + 1))
  const [is, expected] = [
    [request.system, request.tools, request.messages],
    [baseline?.system, baseline?.tools, messagesFor(rounds, at, turn)]
  ].map(json)
  return is === expected ? [] : [`the request for turn ${turnId} is ${is}, expected ${expected}`]
}

/** Everything the program did to one session, against its log and the requests it caused. */
export const compare = (
  sent: ReadonlyArray<Sent>,
  log: ReadonlyArray<LogEntry>,
  requests: ReadonlyArray<RecordedRequest>,
  limits: EngineLimits
): Violations => {
  const rounds = tell(log)
  const found: Array<string> = []
  for (const message of sent) {
    const admitted = rounds.filter(({ start }) => textOf(start.request) === message.text)
    if (admitted.length > 1) found.push(`${message.text} was admitted ${admitted.length} times`)
    const refused = message.answer === "SessionBusy" && message.disturbed.has("contended")
    if (admitted.length === 0 && message.answer !== undefined && isCalm(message.disturbed) && !refused)
      found.push(`${message.text} was answered ${message.answer} and is not in the log`)
    if (message.answer !== undefined && isCalm(message.disturbed))
      for (const { end } of admitted)
        if (end === undefined) found.push(`${message.text} is answered and its round open`)
    found.push(...admitted.flatMap((round) => compareRound(round, message, limits)))
  }
  for (const writer of new Set(sent.map((message) => message.writer))) {
    const texts = sent.filter((message) => message.writer === writer).map((message) => message.text)
    const order = rounds.map(({ start }) => texts.indexOf(textOf(start.request))).filter((i) => i >= 0)
    if (order.some((n, i) => n < (order[i - 1] ?? -1))) found.push(`writer ${writer} ran [${order.join()}]`)
  }
  return [...found, ...requests.flatMap((request) => compareRequest(rounds, request))]
}
