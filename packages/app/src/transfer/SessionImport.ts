import type { LogEntry } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import * as LogCheck from "@parley/session/LogCheck"
import * as Effect from "effect/Effect"
import * as ClaudeCodeFile from "./ClaudeCodeFile.ts"
import * as CodexFile from "./CodexFile.ts"
import { type Foreign, type ImportNotice, logOf } from "./Foreign.ts"
import { ImportError } from "./ImportError.ts"
import { linesOf } from "./JsonRecords.ts"
import * as OpencodeFile from "./OpencodeFile.ts"
import * as SessionLines from "./SessionLines.ts"

/** What a file contains, as a session. */
interface Readable {
  /** The program that wrote the file. */
  readonly program: string
  readonly title?: string | undefined
  readonly createdAt: number
  readonly entries: ReadonlyArray<LogEntry>
  readonly notices: ReadonlyArray<ImportNotice>
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The first lines decide what a file is. */
const looked = 20

const foreignOf = (text: string): Foreign | undefined => {
  const whole = parsed(text)
  if (OpencodeFile.isExport(whole)) return OpencodeFile.read(whole)
  const first = linesOf(text).lines.slice(0, looked)
  if (first.some(({ value }) => CodexFile.isRecord(value))) return CodexFile.read(text)
  return first.some(({ value }) => ClaudeCodeFile.isRecord(value)) ? ClaudeCodeFile.read(text) : undefined
}

const unknownFile =
  "it is not a session file of Parley, Claude Code or Codex (JSON lines), nor of `opencode export` (JSON); a file of opencode must be complete"

const read = Effect.fnUntraced(function* (text: string): Effect.fn.Return<Readable, ImportError> {
  if (SessionLines.isLines(text)) {
    const { entries, session } = yield* SessionLines.decode(text)
    const title = session.titledBy === "user" ? session.title : undefined
    return { program: "parley", title, createdAt: session.createdAt, entries, notices: [] }
  }
  const foreign = foreignOf(text)
  if (foreign === undefined) return yield* new ImportError({ problem: unknownFile })
  const { entries, notices } = logOf(foreign)
  if (entries.length === 0)
    return yield* new ImportError({ problem: `the file of ${foreign.program} contains no message and no answer` })
  const problem = LogCheck.damage(entries)
  if (problem !== undefined) return yield* new ImportError({ problem: `no valid session follows from it: ${problem}` })
  return { program: foreign.program, title: foreign.title, createdAt: entries[0]?.at ?? 0, entries, notices }
})

/**
 * Stores the session of a file as a new session of the workspace, which can then be continued with any model. `content` is the
 * text of the file: of Parley's JSON lines, or of a session of Claude Code, Codex or opencode. Returns the session, with what
 * is not in it as it was in the file.
 *
 * @since 0.1.0
 * @category functions
 */
export const importSession = Effect.fn("SessionImport.importSession")(function* (options: {
  readonly content: string
  readonly workspace: string
}) {
  const sessions = yield* SessionManager
  // Editors on Windows begin files with a byte order mark.
  const found = yield* read(options.content.replace(/^\uFEFF/, ""))
  const { createdAt, entries, notices, program, title } = found
  const session = yield* sessions.restore({ workspace: options.workspace, title, createdAt, entries })
  return { session, program, notices }
})
