import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { boundJson } from "../text/BoundedJson.ts"
import { plainLine } from "@parley/domain/VisibleText"

/** The log of one server. Its functions never fail or block, however much text they receive. */
export interface ServerLog {
  /** Logs a chunk of the server's standard error. */
  readonly stderr: (text: string) => void
  /** Logs the parameters of a `notifications/message`. */
  readonly message: (params: unknown) => void
  /** Logs a message of Parley itself. */
  readonly note: (text: string) => void
}

export const noLog: ServerLog = { stderr: () => {}, message: () => {}, note: () => {} }

/** How much of a server is logged in one second. The rest is only counted. */
export const logRate = { lines: 200, characters: 128 * 1024 }
const longestLine = 2000
const dataLimits = { depth: 8, nodes: 200, characters: 8000 }

const Message = Schema.Struct({
  level: Schema.String,
  logger: Schema.optionalKey(Schema.Unknown),
  data: Schema.Unknown
})
const decode = Schema.decodeUnknownOption(Message)
const encode = Schema.encodeUnknownResult(Schema.fromJsonString(Schema.Unknown))

/** Limits the rate per second, and counts the pieces that exceed it. */
const makeRate = (now: () => number) => {
  const current = { second: 0, lines: 0, characters: 0, leftOut: 0 }
  return {
    takes: (characters: number): boolean => {
      const second = Math.floor(now() / 1000)
      if (second !== current.second) Object.assign(current, { second, lines: 0, characters: 0 })
      current.lines += 1
      current.characters += characters
      const taken = current.lines <= logRate.lines && current.characters <= logRate.characters
      if (!taken) current.leftOut += 1
      return taken
    },
    leftOut: (): number => {
      const { leftOut } = current
      current.leftOut = 0
      return leftOut
    }
  }
}

/**
 * Turns the output of a server into single lines of bounded length, without control characters and without the secrets of
 * its configuration. Secrets are redacted twice, before a line is truncated and after its control characters are removed, so
 * that neither step can hide a part of one.
 */
export const makeServerLog = (options: {
  readonly write: (line: string) => void
  readonly redact: (text: string) => string
  /** The current time in milliseconds. */
  readonly now: () => number
}): ServerLog => {
  const { redact, now, write } = options
  const rate = makeRate(now)
  let rest = ""
  let skipping = false

  const put = (kind: string, text: string): void => {
    const line = redact(plainLine(redact(text), longestLine))
    if (line === "") return
    const leftOut = rate.leftOut()
    if (leftOut > 0) write(`parley: ${leftOut} pieces left out, too much came at once`)
    write(`${kind}: ${line}`)
  }

  return {
    stderr: (text) => {
      if (!rate.takes(text.length)) {
        // The line is incomplete without this chunk, so the rest of it is skipped as well.
        rest = ""
        skipping = true
        return
      }
      const lines = (rest + text).split("\n")
      rest = lines.pop() ?? ""
      if (skipping) {
        if (lines.length === 0) {
          // The skipped line has not ended yet.
          rest = ""
          return
        }
        lines.shift()
        skipping = false
      }
      for (const line of lines) put("stderr", line)
      if (rest.length <= longestLine * 4) return
      put("stderr", `${rest}…`)
      rest = ""
      skipping = true
    },
    message: (params) => {
      if (!rate.takes(0)) return
      const message = Option.getOrUndefined(decode(params))
      if (message === undefined) return
      const { data, level, logger } = message
      const bounded = typeof data === "string" ? data : boundJson(data, dataLimits)
      const text = typeof bounded === "string" ? bounded : Result.getOrElse(encode(bounded), () => "")
      const from = typeof logger === "string" ? `${plainLine(logger, 60)}: ` : ""
      put(plainLine(level, 12), from + (bounded === undefined ? "[data too large for the log]" : text))
    },
    note: (text) => put("parley", text)
  }
}
