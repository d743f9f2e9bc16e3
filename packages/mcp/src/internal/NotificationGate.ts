import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** Milliseconds between two reports of one call's progress that are looked at. */
const progressPause = 20
/** Messages of the log that are looked at in one second: as many as are written down, and a few to see that more came. */
const messagesPerSecond = 400

const decodeToken = Schema.decodeUnknownOption(
  Schema.Struct({ progressToken: Schema.Union([Schema.String, Schema.Finite]) })
)

/**
 * Lets through what a server says, but of what it may say without being asked, its progress and its log, only so much as
 * anybody could use. What is left out costs a look at its method; everything else always passes.
 */
export const makeGate = (now: () => number): ((message: object) => boolean) => {
  const progressed = new Map<string | number, number>()
  const logged = { second: 0, count: 0 }

  const passesProgress = (params: unknown): boolean => {
    const token = Option.getOrUndefined(decodeToken(params))?.progressToken
    if (token === undefined) return true
    const time = now()
    if (time < (progressed.get(token) ?? 0)) return false
    // Tokens are made up by the server if it likes; those that anything is known of are few.
    if (progressed.size > 100) progressed.clear()
    progressed.set(token, time + progressPause)
    return true
  }

  const passesLog = (): boolean => {
    const second = Math.floor(now() / 1000)
    if (second !== logged.second) Object.assign(logged, { second, count: 0 })
    logged.count += 1
    return logged.count <= messagesPerSecond
  }

  return (message) => {
    if (!("method" in message) || "id" in message) return true
    if (message.method === "notifications/progress")
      return passesProgress("params" in message ? message.params : undefined)
    return message.method !== "notifications/message" || passesLog()
  }
}
