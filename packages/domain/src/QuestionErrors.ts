import * as Schema from "effect/Schema"
import { QuestionId, RoundId, SessionId } from "./Ids.ts"

/**
 * The session never asked a question with this id.
 *
 * @since 0.1.0
 * @category errors
 */
export class QuestionNotFound extends Schema.TaggedError<QuestionNotFound>()("QuestionNotFound", {
  sessionId: SessionId,
  questionId: QuestionId
}) {
  override get message(): string {
    return `Session ${this.sessionId} has not asked a question ${this.questionId}`
  }
}

/**
 * The question needs no answer any more: it has one, or its round has ended. The new answer was not stored and has no
 * effect.
 *
 * @since 0.1.0
 * @category errors
 */
export class QuestionClosed extends Schema.TaggedError<QuestionClosed>()("QuestionClosed", {
  sessionId: SessionId,
  questionId: QuestionId,
  /** Why it is closed, for people. */
  detail: Schema.String
}) {
  override get message(): string {
    return `Question ${this.questionId} of session ${this.sessionId} is closed: ${this.detail}`
  }
}

/**
 * The answer does not fit the question, such as a form with a missing field. Nothing was stored; correct the answer.
 *
 * @since 0.1.0
 * @category errors
 */
export class AnswerInvalid extends Schema.TaggedError<AnswerInvalid>()("AnswerInvalid", {
  questionId: QuestionId,
  problem: Schema.String
}) {
  override get message(): string {
    return `This is not an answer to question ${this.questionId}: ${this.problem}`
  }
}

/**
 * The latest round of the session waits for answers, and this host leaves its questions open. Nothing was stored. Answer
 * the questions first: see `SessionCoordinator.questions` and `answer`.
 *
 * @since 0.1.0
 * @category errors
 */
export class RoundWaiting extends Schema.TaggedError<RoundWaiting>()("RoundWaiting", {
  sessionId: SessionId,
  roundId: RoundId,
  questions: Schema.Int
}) {
  override get message(): string {
    const what = this.questions === 1 ? "an answer" : `${this.questions} answers`
    return `Round ${this.roundId} of session ${this.sessionId} waits for ${what}, so nothing can follow it yet`
  }
}
