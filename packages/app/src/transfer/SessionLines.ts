import { LogEntry } from "@parley/domain/SessionEvent"
import { SessionInfo } from "@parley/domain/SessionInfo"
import * as LogCheck from "@parley/session/LogCheck"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { ImportError } from "./ImportError.ts"

/**
 * A session as JSON lines: a header, then one entry of the log in each line. Nothing of the log is left out or changed.
 */

const Header = Schema.Struct({
  format: Schema.Literal("parley-session"),
  version: Schema.Literal(1),
  session: SessionInfo
})
type Header = typeof Header.Type

const encodeHeader = Schema.encodeSync(Schema.fromJsonString(Header))
const encodeEntry = Schema.encodeSync(Schema.fromJsonString(LogEntry))
const decodeHeader = Schema.decodeUnknownResult(Schema.fromJsonString(Header))
const decodeEntry = Schema.decodeUnknownResult(Schema.fromJsonString(LogEntry))

/**
 * The text of a file with the session, which `decode` reads.
 *
 * @since 0.1.0
 * @category conversions
 */
export const encode = (session: SessionInfo, entries: ReadonlyArray<LogEntry>): string =>
  [encodeHeader({ format: "parley-session", version: 1, session }), ...entries.map((entry) => encodeEntry(entry))]
    .map((line) => `${line}\n`)
    .join("")

/**
 * Whether a text begins like a file that `encode` made, of whatever version.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isLines = (text: string): boolean => text.startsWith(`{"format":"parley-session"`)

/**
 * Reads the text of a file with a session. Fails with the number of the line that is damaged, or at which the log is not one
 * that Parley can have written.
 *
 * @since 0.1.0
 * @category conversions
 */
export const decode = Effect.fnUntraced(function* (text: string) {
  const [first = "", ...lines] = text.split("\n")
  const header = decodeHeader(first)
  if (Result.isFailure(header))
    return yield* new ImportError({ line: 1, problem: "the header is not one that this version of Parley can read" })
  if (lines.at(-1) !== "")
    return yield* new ImportError({ line: lines.length + 1, problem: "the file is cut off: its last line has no end" })
  const entries: Array<LogEntry> = []
  for (const [i, line] of lines.slice(0, -1).entries()) {
    const entry = decodeEntry(line)
    if (Result.isFailure(entry))
      return yield* new ImportError({ line: i + 2, problem: "it is not an event that this version of Parley can read" })
    entries.push(entry.success)
  }
  const { head } = header.success.session
  if ((entries.at(-1)?.seq ?? 0) !== head)
    return yield* new ImportError({
      line: lines.length,
      problem: `the file is cut off: the log ends with event ${head}, the file with event ${entries.at(-1)?.seq ?? 0}`
    })
  const problem = LogCheck.damage(entries)
  if (problem !== undefined) return yield* new ImportError({ problem: `the log is damaged: ${problem}` })
  return { session: header.success.session, entries }
})
