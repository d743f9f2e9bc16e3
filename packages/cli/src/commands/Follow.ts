import { textOf } from "@parley/domain/Content"
import { endsRound, type LogEntry } from "@parley/domain/SessionEvent"
import type { SessionInfo } from "@parley/domain/SessionInfo"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Output } from "../output/Output.ts"
import * as QuestionText from "../consent/QuestionText.ts"
import * as Render from "../output/Render.ts"

/** The sequence number after which to follow once all closed rounds are shown: before the open round, or the end. */
export const startOf = (entries: ReadonlyArray<LogEntry>): number => {
  const last = entries.findLast(({ event }) => event._tag === "RoundStarted" || endsRound(event))
  return last?.event._tag === "RoundStarted" ? last.seq - 1 : (entries.at(-1)?.seq ?? 0)
}

/** Renders a round as for its sender, plus what a spectator does not know: the message and how the round ended. */
const spectator = Effect.fnUntraced(function* (session: string) {
  const output = yield* Output
  const show = yield* Render.text(session)
  return (entry: LogEntry) => {
    const { event } = entry
    switch (event._tag) {
      case "RoundStarted":
        return output.text(
          `── ${event.roundId}\n${event.purpose === undefined ? `> ${textOf(event.request)}` : "(compaction)"}\n`
        )
      case "QuestionAsked":
        return output.aside(`? ${event.questionId}: ${QuestionText.line(event.subject)} (parley answer ${session})`)
      case "QuestionAnswered":
        return output.aside(`  ${event.questionId}: ${QuestionText.answerLine(event)}`)
      case "RoundCompleted":
        return Effect.andThen(show(entry), output.aside(`${event.roundId} completed`))
      case "RoundCancelled":
        return Effect.andThen(show(entry), output.aside(`${event.roundId} cancelled`))
      case "RoundFailed":
        return Effect.andThen(show(entry), output.aside(`${event.roundId} failed: ${event.failure.message}`))
      default:
        return show(entry)
    }
  }
})

/** Shows each entry that any process appends after the sequence number `after`, until interruption or deletion. */
export const follow = Effect.fn("Follow.follow")(function* (info: SessionInfo, after: number, format: "text" | "json") {
  const sessions = yield* SessionManager
  const output = yield* Output
  const print = yield* format === "json" ? Render.streamJson : spectator(info.id)
  yield* Stream.runForEach(sessions.follow(info.id, after), (entry) => print(entry))
  yield* output.note(`Session ${info.id} was deleted`)
})
