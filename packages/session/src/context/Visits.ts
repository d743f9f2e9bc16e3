import type { Attachment, Visits } from "@parley/domain/FilesManager"
import type { SessionState } from "../log/SessionState.ts"

const mentionedBy = (attachment: Attachment): ReadonlyArray<string> => {
  switch (attachment._tag) {
    case "File":
      return [attachment.file.path]
    case "Media":
      return [attachment.path]
    default:
      return []
  }
}

/** What a session has to do with, as its log says: mentions of the message, tool calls, and files that were shown. */
export const of = ({ history, shown }: SessionState, attachments: ReadonlyArray<Attachment>): Visits => ({
  mentioned: attachments.flatMap(mentionedBy),
  calls: history
    .messages()
    .flatMap(({ content }) => content.flatMap((block) => (block._tag === "ToolCall" ? [block] : []))),
  shown: Object.keys(shown.files).filter((path) => shown.files[path] !== "")
})
