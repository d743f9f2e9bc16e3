import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** Milliseconds between two reports of one call's progress that are looked at. */
const progressPause = 20
/**
 * Messages of the log that are looked at in one second: as many as are written down, and a few to see that more came. And as
 * many of what nobody listens to.
 */
const messagesPerSecond = 400

/** What is never too much: each may be the one that counts. */
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

/** Lets so many through in each second. */
const makeRate = (now: () => number): (() => boolean) => {
  const held = { second: 0, count: 0 }
  return () => {
    const second = Math.floor(now() / 1000)
    if (second !== held.second) Object.assign(held, { second, count: 0 })
    held.count += 1
    return held.count <= messagesPerSecond
  }
}

/**
 * Lets through what a server says, but of what it may say without being asked, its progress and its log, only so much as
 * anybody could use, and no more of what nobody listens to. What is left out costs a look at its method, so this stands before
 * messages are checked; everything else always passes.
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
    // Tokens are made up by the server if it likes; those that anything is known of are few.
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

/** The requests whose answers are such lists. */
const isList = /^[a-z]+(?:\/templates)?\/list$/

/**
 * Leaves out that a list has changed when that has been said not `pauseMillis` ago and no list was asked for since: the one
 * that is going to be asked for is then as it is by that time. `asked` is to be told of what is sent.
 */
export const makeRepeatGate = (now: () => number, pauseMillis: number) => {
  const said = new Map<string, number>()
  return {
    isNews: (message: object): boolean => {
      if (!("method" in message) || "id" in message) return true
      const { method } = message
      if (typeof method !== "string" || !listChanged.test(method)) return true
      const time = now()
      if (time < (said.get(method) ?? 0)) return false
      if (said.size > 10) said.clear()
      said.set(method, time + pauseMillis)
      return true
    },
    asked: (message: object): void => {
      if ("method" in message && typeof message.method === "string" && isList.test(message.method)) said.clear()
    }
  }
}
