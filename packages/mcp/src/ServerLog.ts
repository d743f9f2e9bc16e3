import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { boundJson } from "./BoundedJson.ts"
import { plainLine } from "./PlainText.ts"

/** What is written down of one server. None of these fail, wait, or take long, however much they are given. */
export interface ServerLog {
  /** A piece of what it writes to its standard error. */
  readonly stderr: (text: string) => void
  /** The parameters of a `notifications/message`. */
  readonly message: (params: unknown) => void
  /** Something that we say ourselves. */
  readonly note: (text: string) => void
}

export const noLog: ServerLog = { stderr: () => {}, message: () => {}, note: () => {} }

/** What is taken of a server in one second; the rest is counted. */
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

/** Lets so much through in each second, and says of what comes after how many lines that was. */
const makeRate = (now: () => number) => {
  const held = { second: 0, lines: 0, characters: 0, leftOut: 0 }
  return {
    takes: (characters: number): boolean => {
      const second = Math.floor(now() / 1000)
      if (second !== held.second) Object.assign(held, { second, lines: 0, characters: 0 })
      held.lines += 1
      held.characters += characters
      const taken = held.lines <= logRate.lines && held.characters <= logRate.characters
      if (!taken) held.leftOut += 1
      return taken
    },
    leftOut: (): number => {
      const { leftOut } = held
      held.leftOut = 0
      return leftOut
    }
  }
}

/**
 * Makes lines of what a server says: one line each, without control characters, bounded, and without the secrets of its
 * configuration. Secrets are taken out before a line is cut and after it was made plain, so that neither hides a part.
 */
export const makeServerLog = (options: {
  readonly write: (line: string) => void
  readonly conceal: (text: string) => string
  /** Milliseconds. */
  readonly now: () => number
}): ServerLog => {
  const { conceal, now, write } = options
  const rate = makeRate(now)
  let rest = ""
  let skipping = false

  const put = (kind: string, text: string): void => {
    const line = conceal(plainLine(conceal(text), longestLine))
    if (line === "") return
    const leftOut = rate.leftOut()
    if (leftOut > 0) write(`parley: ${leftOut} pieces left out, too much came at once`)
    write(`${kind}: ${line}`)
  }

  return {
    stderr: (text) => {
      if (!rate.takes(text.length)) {
        // What follows is no longer the line that was begun.
        rest = ""
        skipping = true
        return
      }
      const lines = (rest + text).split("\n")
      rest = lines.pop() ?? ""
      if (skipping) {
        if (lines.length === 0) {
          // The line has no end yet, and nothing of it is wanted.
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
      put(plainLine(level, 12), from + (bounded === undefined ? "[too much to be written down]" : text))
    },
    note: (text) => put("parley", text)
  }
}
