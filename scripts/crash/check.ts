import { isDeepStrictEqual } from "node:util"
import { textOf } from "../../packages/domain/src/Content.ts"
import { TurnContent } from "../../packages/domain/src/TurnContent.ts"
import { endsTurn, type LogEntry } from "../../packages/domain/src/SessionEvent.ts"
import * as Invariants from "../../packages/testing/src/invariants/Invariants.ts"
import type { Body } from "../../packages/harness/src/provider/messagesBody.ts"
import type { Life } from "./place.ts"
import { scripts } from "./provider.ts"
import type { StoredSession } from "./stored.ts"

type Log = ReadonlyArray<LogEntry>
type Found = ReadonlyArray<string>

/**
 * Entries that were shown but are not stored. A delta may be removed when its turn has ended; the content of that turn must
 * then begin with all the deltas that were shown.
 */
export const lost = (shown: Log, log: Log): Found => {
  const stored = new Map(log.map((entry) => [entry.seq, entry]))
  const folded = new Map<string, TurnContent>()
  return shown.flatMap((entry) => {
    const { event, seq } = entry
    const same = stored.get(seq)
    if (event._tag !== "TurnDelta")
      return isDeepStrictEqual(same, entry) ? [] : [`${event._tag} ${seq} was shown and is not stored`]
    const content = folded.get(event.turnId) ?? new TurnContent(event.turnId)
    folded.set(event.turnId, content)
    content.add(event.chunks)
    if (isDeepStrictEqual(same, entry)) return []
    const end = log.map((later) => later.event).find((later) => endsTurn(later) && later.turnId === event.turnId)
    const kept = end !== undefined && endsTurn(end) ? end.content : []
    const words = (blocks: typeof kept) =>
      blocks.map((block) => ("text" in block ? block.text : block._tag === "ToolCall" ? block.input : ""))
    const whole = words(kept)
    return words(content.blocks()).every((text, i) => whole[i]?.startsWith(text) === true)
      ? []
      : [`delta ${seq} was shown and is neither stored nor in its turn's content`]
  })
}

/**
 * What a command left that was not all of its change, or nothing of it; and a change that was reported and is not stored. The
 * session had no undone rounds and no fork before.
 */
export const half = (
  command: "undo" | "fork",
  { stderr, stdout }: Pick<Life, "stderr" | "stdout">,
  sessions: ReadonlyArray<Omit<StoredSession, "posts">>
): Found => {
  const [origin, fork, ...more] = sessions
  if (command === "undo") {
    const undone = origin?.log.filter(({ event }) => event._tag === "RoundsUndone") ?? []
    const reported = stderr.includes("Undone:") && undone.length !== 1
    return [
      ...(reported ? ["an undo was reported and is not stored"] : []),
      ...(fork === undefined ? [] : ["an undo created a session"])
    ]
  }
  if (fork === undefined) return stdout === "" ? [] : ["a fork was reported and is not stored"]
  const copied = fork.log.slice(0, -1)
  const whole = isDeepStrictEqual(copied, origin?.log) && fork.log.at(-1)?.event._tag === "Forked"
  return [...(whole ? [] : ["a fork is incomplete"]), ...(more.length === 0 ? [] : ["there is more than one fork"])]
}

/** Calls that reached the server more than once, over all processes of the session. */
export const twice = (effects: ReadonlyArray<string>): Found =>
  effects.filter((key, i) => effects.indexOf(key) !== i).map((key) => `${key} ran twice`)

/** Calls that reached the server before their start was stored. */
export const early = (effects: ReadonlyArray<string>, log: Log): Found => {
  const started = new Set(log.flatMap(({ event }) => (event._tag === "ToolStarted" ? [event.callId] : [])))
  return effects
    .filter((key) => ![...started].some((id) => key.endsWith(`/${id}`)))
    .map((key) => `${key} ran unrecorded`)
}

/** Calls that reached the server although the log records them as not executed. */
const denied = (effects: ReadonlyArray<string>, log: Log): Found =>
  log.flatMap(({ event }) =>
    event._tag === "ToolSettled" &&
    event.outcome._tag === "NotExecuted" &&
    effects.some((key) => key.endsWith(`/${event.callId}`))
      ? [`${event.callId} ran and is called not executed`]
      : []
  )

/** Calls that reached the server without an answer that allows them, or after one that denies them. */
export const unapproved = (effects: ReadonlyArray<string>, log: Log): Found => {
  const questions = new Map(
    log.flatMap(({ event }) => (event._tag === "QuestionAsked" ? [[event.questionId, event.callId] as const] : []))
  )
  const allowed = new Set(
    log.flatMap(({ event }) =>
      event._tag === "QuestionAnswered" && "allowed" in event.answer && event.answer.allowed
        ? [questions.get(event.questionId)]
        : []
    )
  )
  return [...questions.values()]
    .filter((callId) => !allowed.has(callId) && effects.some((key) => key.endsWith(`/${callId}`)))
    .map((callId) => `${callId} ran without an approval`)
}

/** Checks the requests that reached the provider against the rules of the Messages API. */
export const illegal = (bodies: ReadonlyArray<Body>): Found =>
  bodies.flatMap(({ messages }, n) => {
    const seen = new Set<string>()
    let owed: ReadonlyArray<string> = []
    const found = messages.flatMap(({ content, role }, i) => {
      const results = content.flatMap((block) => (block.type === "tool_result" ? [block.tool_use_id ?? ""] : []))
      const calls = content.flatMap((block) => (block.type === "tool_use" ? [block.id ?? ""] : []))
      const rules: ReadonlyArray<readonly [boolean, string]> = [
        [role === (i % 2 === 0 ? "user" : "assistant"), "roles alternate"],
        [content.length > 0, "no message is empty"],
        [content.every(({ text, type }) => type !== "text" || (text ?? "").trim() !== ""), "no text is empty"],
        [results.join() === owed.join(), `results [${results.join()}] answer calls [${owed.join()}]`],
        [content.slice(0, results.length).every(({ type }) => type === "tool_result"), "results come first"],
        [role === "user" ? calls.length === 0 : results.length === 0, "calls are the assistant's, results the user's"],
        [calls.every((id) => id !== "" && !seen.has(id)), "call ids are unique"]
      ]
      for (const id of calls) seen.add(id)
      owed = calls
      return rules.flatMap(([holds, rule]) => (holds ? [] : [`request ${n + 1}, message ${i}: not so: ${rule}`]))
    })
    const last = messages.at(-1)?.role === "user" ? [] : [`request ${n + 1} does not end with the user`]
    return [...found, ...last]
  })

/** A stored turn contains what the provider sent: all of it if the turn completed, otherwise a prefix. */
const unfaithful = (log: Log): Found => {
  const texts = Object.values(scripts).map((script) => script.join(""))
  return log.flatMap(({ event, seq }) => {
    if (!endsTurn(event)) return []
    const text = textOf(event.content)
    const holds = texts.some((sent) => (event._tag === "TurnCompleted" ? sent === text : sent.startsWith(text)))
    return holds ? [] : [`${event._tag} ${seq} holds ${JSON.stringify(text)}, which was never sent`]
  })
}

/** Text of unfinished turns that was sent to the model as its own. Text that a completed turn also has is not considered. */
const resent = (log: Log, bodies: ReadonlyArray<Body>): Found => {
  const finished = new Set(log.flatMap(({ event }) => (event._tag === "TurnCompleted" ? [textOf(event.content)] : [])))
  const sent = new Set(
    bodies.flatMap(({ messages }) =>
      messages.flatMap(({ content, role }) => (role === "assistant" ? content.map(({ text }) => text ?? "") : []))
    )
  )
  return log.flatMap(({ event }) => {
    if (event._tag !== "TurnInterrupted" && event._tag !== "TurnFailed") return []
    const text = textOf(event.content)
    return text !== "" && !finished.has(text) && sent.has(text)
      ? [`a request holds the unfinished ${JSON.stringify(text)}`]
      : []
  })
}

/** Entries whose sequence number does not follow the previous one. `shown` are the entries shown by one process. */
export const gaps = (shown: Log): Found =>
  shown
    .slice(1)
    .flatMap(({ seq }, i) => (seq === (shown[i]?.seq ?? 0) + 1 ? [] : [`entry ${seq} follows ${shown[i]?.seq}`]))

/**
 * Checks the invariants of a stored session without a running round. Invariants that need records of subscribers, models or
 * tools are not checked here: the deltas are removed, and the functions above compare what was shown, sent and called.
 */
export const findings = ({ info, log }: Pick<StoredSession, "info" | "log">): Invariants.Findings =>
  Invariants.check({ log, info })

/** The violations found in a session without a running round. */
export const broken = (
  session: Omit<StoredSession, "posts"> | undefined,
  effects: ReadonlyArray<string>,
  bodies: ReadonlyArray<Body>
): Found => {
  const log = session?.log ?? []
  return [
    ...(session === undefined ? [] : findings(session).violations),
    ...unfaithful(log),
    ...denied(effects, log),
    ...unapproved(effects, log),
    ...resent(log, bodies)
  ]
}
