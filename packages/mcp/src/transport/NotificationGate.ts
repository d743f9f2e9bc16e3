import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** Minimum milliseconds between two processed progress notifications of one call. */
const progressPause = 20
/**
 * Log messages that are processed per second: as many as are written to the log, and a few more to detect that messages were
 * dropped. The same limit applies, separately, to all other unsolicited notifications together.
 */
const messagesPerSecond = 400

/** Notifications that are never dropped, because each one may matter. */
const always = new Set([
  "notifications/cancelled",
  "notifications/elicitation/complete",
  "notifications/prompts/list_changed",
  "notifications/resources/list_changed",
  "notifications/subscriptions/acknowledged",
  "notifications/tools/list_changed"
])

const decodeToken = Schema.decodeUnknownOption(
  Schema.Struct({ progressToken: Schema.Union([Schema.String, Schema.Finite]) })
)

/** Returns true for at most `messagesPerSecond` calls in each second. */
const makeRate = (now: () => number): (() => boolean) => {
  const current = { second: 0, count: 0 }
  return () => {
    const second = Math.floor(now() / 1000)
    if (second !== current.second) Object.assign(current, { second, count: 0 })
    current.count += 1
    return current.count <= messagesPerSecond
  }
}

/**
 * Limits the rate of a server's unsolicited notifications: progress, log messages, and notifications without a handler.
 * Requests, responses and the notifications in `always` always pass. A dropped notification costs only a check of its
 * method, so this runs before messages are validated.
 */
export const makeGate = (now: () => number): ((message: object) => boolean) => {
  const progressed = new Map<string | number, number>()
  const logs = makeRate(now)
  const others = makeRate(now)

  const passesProgress = (params: unknown): boolean => {
    const token = Option.getOrUndefined(decodeToken(params))?.progressToken
    if (token === undefined) return others()
    const time = now()
    if (time < (progressed.get(token) ?? 0)) return false
    // A server may invent tokens, so the number of remembered tokens is bounded.
    if (progressed.size > 100) progressed.clear()
    progressed.set(token, time + progressPause)
    return true
  }

  return (message) => {
    if (!("method" in message) || "id" in message) return true
    const { method } = message
    if (method === "notifications/progress") return passesProgress("params" in message ? message.params : undefined)
    if (method === "notifications/message") return logs()
    return (typeof method === "string" && always.has(method)) || others()
  }
}

const listChanged = /^notifications\/[a-z]+\/list_changed$/

/** The requests whose responses are such lists. */
const isList = /^[a-z]+(?:\/templates)?\/list$/

/**
 * Drops a `list_changed` notification if the same one arrived less than `pauseMillis` ago and no list was requested since:
 * the pending list request will return the newer state anyway. Pass every sent message to `asked`.
 */
export const makeRepeatGate = (now: () => number, pauseMillis: number) => {
  const quietUntil = new Map<string, number>()
  return {
    isNews: (message: object): boolean => {
      if (!("method" in message) || "id" in message) return true
      const { method } = message
      if (typeof method !== "string" || !listChanged.test(method)) return true
      const time = now()
      if (time < (quietUntil.get(method) ?? 0)) return false
      if (quietUntil.size > 10) quietUntil.clear()
      quietUntil.set(method, time + pauseMillis)
      return true
    },
    asked: (message: object): void => {
      if ("method" in message && typeof message.method === "string" && isList.test(message.method)) quietUntil.clear()
    }
  }
}
