import { InvalidMessage } from "@parley/domain/Errors"
import type { SessionId } from "@parley/domain/Ids"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import type { Pin } from "@parley/prompt/Pins"
import * as Effect from "effect/Effect"
import type { OpenSessions } from "./OpenSessions.ts"
import * as Recovery from "../log/Recovery.ts"
import type { SessionLog } from "../log/SessionLog.ts"

const longestPin = 4000

const refuse = (problem: string) => new InvalidMessage({ problem })

const undone = ({ state }: SessionLog): SessionEvent | InvalidMessage =>
  state.compactions === 0 ? refuse("There is no compaction to undo in this session") : { _tag: "CompactionUndone" }

const pinned =
  ({ kind, provenance = "user", text }: Pin) =>
  ({ state }: SessionLog): SessionEvent | InvalidMessage => {
    const words = text.trim().toWellFormed()
    if (words === "") return refuse("There is nothing to pin; enter a text")
    if (words.length > longestPin)
      return refuse(`A pinned text has at most ${longestPin} characters; put longer texts into a file`)
    if (state.pins.some((pin) => pin.text === words)) return refuse("This text is already pinned")
    return { _tag: "Pinned", kind, text: words, provenance }
  }

const unpinned =
  (text: string) =>
  ({ state }: SessionLog): SessionEvent | InvalidMessage => {
    const words = text.trim().toWellFormed()
    return state.pins.some((pin) => pin.text === words)
      ? { _tag: "Unpinned", text: words }
      : refuse("This text is not pinned")
  }

/**
 * Changes of a user to a session between rounds. They wait for a running round; a round of a dead process is closed
 * first.
 */
export const make = (open: OpenSessions) => {
  const append = (id: SessionId, of: (log: SessionLog) => SessionEvent | InvalidMessage) =>
    open.use(
      id,
      Effect.fnUntraced(function* (log: SessionLog) {
        yield* Recovery.recover(log)
        const event = of(log)
        if (event._tag === "InvalidMessage") return yield* event
        return yield* log.append([event])
      })
    )
  return {
    undoCompaction: (id: SessionId) => append(id, undone),
    refresh: (id: SessionId) => append(id, () => ({ _tag: "RefreshRequested" })),
    pin: (id: SessionId, pin: Pin) => append(id, pinned(pin)),
    unpin: (id: SessionId, text: string) => append(id, unpinned(text))
  }
}
