import type { SessionId } from "@parley/domain/Ids"
import type { HandleMessage } from "@parley/session/SessionCoordinator"

/** What a conversation in `chat` changes while it goes on. */
export interface Conversation {
  /** The session that the next message is sent to. */
  id: SessionId
  /** What the flags of the command name for each message, in place of the session's settings. */
  named: Pick<HandleMessage, "model" | "effort" | "limits">
}
