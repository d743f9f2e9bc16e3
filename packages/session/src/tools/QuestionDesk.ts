import type { CallReference, SessionId } from "@parley/domain/Ids"
import type { QuestionAnswer, QuestionSubject } from "@parley/domain/Question"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { RoundQuestions } from "./RoundQuestions.ts"

/**
 * The questions of all rounds that run in this process.
 *
 * @since 0.1.0
 * @category models
 */
export class Desk {
  private readonly rounds = new Map<SessionId, RoundQuestions>()

  /** The questions of the session's running round. */
  find(sessionId: SessionId): RoundQuestions | undefined {
    return this.rounds.get(sessionId)
  }

  /** Takes the questions of a round while `work` runs. */
  readonly during = <A, E, R>(questions: RoundQuestions, work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.suspend(() => {
      const { id } = questions.log
      this.rounds.set(id, questions)
      return Effect.ensuring(
        work,
        Effect.sync(() => void this.rounds.delete(id))
      )
    })

  /**
   * Asks what one of these calls needs to know. The question becomes an event of the first call's session, so that other
   * processes can answer it, and `dialog` is interrupted when they do. If none of the calls runs in a session of this
   * process, only `dialog` is run.
   */
  readonly ask = (
    calls: ReadonlyArray<CallReference>,
    subject: QuestionSubject,
    dialog: Effect.Effect<QuestionAnswer>
  ): Effect.Effect<QuestionAnswer> =>
    Effect.suspend(() => {
      const call = calls.find(({ roundId, sessionId }) => this.rounds.get(sessionId)?.roundId === roundId)
      const questions = call === undefined ? undefined : this.rounds.get(call.sessionId)
      return call === undefined || questions === undefined ? dialog : questions.askFor(call.callId, subject, dialog)
    })
}

/**
 * Provide the same desk to the coordinator and to the handler of servers' requests, so that questions of MCP servers become
 * events too. Without one, only approvals of tool calls do.
 *
 * @since 0.1.0
 * @category services
 */
export const QuestionDesk = Context.Reference<Desk | undefined>("@parley/session/QuestionDesk", {
  defaultValue: () => undefined
})
