import type { SessionId } from "@parley/domain/Ids"
import * as SessionFold from "@parley/domain/SessionFold"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import { html } from "./ExportHtml.ts"
import { markdown } from "./ExportMarkdown.ts"
import * as SessionLines from "./SessionLines.ts"

/**
 * The form of an export: Markdown and HTML for people, JSON lines for `SessionImport`.
 *
 * @since 0.1.0
 * @category models
 */
export type ExportFormat = "md" | "html" | "jsonl"

/**
 * A stored session as the text of a file. JSON lines contain the whole log; the others contain what people see.
 *
 * @since 0.1.0
 * @category functions
 */
export const exportSession = Effect.fn("SessionExport.exportSession")(function* (id: SessionId, format: ExportFormat) {
  const sessions = yield* SessionManager
  const entries = yield* sessions.read(id, 0)
  const info = yield* sessions.get(id)
  if (format === "jsonl") {
    // A round may go on meanwhile: the header describes what is in the file.
    const head = entries.at(-1)?.seq ?? 0
    return SessionLines.encode({ ...info, head }, entries)
  }
  const session = SessionFold.fromEvents(id, entries)
  return format === "md" ? markdown(info, session) : html(info, session)
})
