import { AnswerInvalid, type HandleMessageError, QuestionClosed, QuestionNotFound } from "@parley/domain/Errors"
import type { QuestionId, SessionId } from "@parley/domain/Ids"
import { problemOf, type Question, type QuestionAnswer, stored } from "@parley/domain/Question"
import { fromEvents } from "@parley/domain/SessionFold"
import type { Post } from "@parley/domain/Post"
import { endsRound, type SessionEvent } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as Recovery from "../log/Recovery.ts"
import type { SessionLog } from "../log/SessionLog.ts"
import * as AnswerPosts from "../tools/AnswerPosts.ts"
import type { Desk } from "../tools/QuestionDesk.ts"
import type { OpenSessions } from "./OpenSessions.ts"
import type { Started } from "./RoundStream.ts"

const rounds = Effect.fnUntraced(function* (id: SessionId) {
  const sessions = yield* SessionManager
  return fromEvents(id, yield* sessions.read(id, 0)).rounds
})

const isOpen = ({ answer }: Question): boolean => answer === undefined

/** The open questions of a session, oldest first. */
const questions = (id: SessionId) =>
  Effect.map(rounds(id), (all) => {
    const last = all.at(-1)
    return last?.endedAt === undefined ? (last?.questions ?? []).filter(isOpen) : []
  })

/** When and how often to look whether the process that should take an answer has ended. */
const firstTry = "1 second"
const patience = Schedule.spaced("1 second")

const became = (answered: Answered): Answered => answered

const ended = "its round has ended, or the call that it was about"

/**
 * What became of an answer: the round runs in this process (`applied`) or in another one (`passed`), or no process runs it
 * (`stored`).
 *
 * @since 0.1.0
 * @category models
 */
export type Answered = "applied" | "passed" | "stored"

/**
 * Options of `SessionCoordinator.answer`.
 *
 * @since 0.1.0
 * @category models
 */
export interface AnswerOptions {
  /**
   * Whether a round that no process runs continues in the background here once no question is open. Default: true. If not,
   * `resume` continues it.
   */
  readonly continues?: boolean | undefined
}

/** Questions of rounds, and answers to them from anywhere but the dialog of the host that runs the round. */
export const make = <R>(
  open: OpenSessions,
  desk: Desk,
  /** Continues the session's parked round in the background. */
  continues: (id: SessionId) => Effect.Effect<Started, never, R>
) => {
  /** The question, if it is open according to the log. */
  const find = Effect.fnUntraced(function* (sessionId: SessionId, questionId: QuestionId) {
    const all = yield* rounds(sessionId)
    const round = all.find((one) => one.questions?.some((question) => question.questionId === questionId))
    const question = round?.questions?.find((one) => one.questionId === questionId)
    if (round === undefined || question === undefined) return yield* new QuestionNotFound({ sessionId, questionId })
    const closed = (detail: string) => new QuestionClosed({ sessionId, questionId, detail })
    if (!isOpen(question)) return yield* closed("it has been answered")
    if (round.endedAt !== undefined) return yield* closed(ended)
    return question
  })

  /**
   * Stores the answer to a question of a parked round, and takes the post that has it, if there is one. Continues the round
   * if it was the last open question.
   */
  const store = (questionId: QuestionId, answer: QuestionAnswer, isContinued: boolean, post?: Post) =>
    Effect.fnUntraced(function* (log: SessionLog) {
      yield* Recovery.recover(log)
      const { round } = log.state
      const question = round?.openQuestions.find((one) => one.questionId === questionId)
      if (round === undefined || question === undefined) {
        const detail = round?.question(questionId)?.answer === undefined ? ended : "it has been answered"
        return yield* new QuestionClosed({ sessionId: log.id, questionId, detail })
      }
      const event: SessionEvent = {
        _tag: "QuestionAnswered",
        questionId,
        roundId: round.id,
        by: "caller",
        answer: stored(answer)
      }
      yield* Effect.uninterruptible(
        Effect.gen(function* () {
          yield* post === undefined ? log.append([event]) : log.take([post], [event])
          // The round waits for the lock, which is held here.
          if (isContinued && round.openQuestions.length === 0) yield* continues(log.id)
        })
      )
    })

  /**
   * Posts the answer to the process that runs the round, and waits until that process has stored it or another one. If the
   * process ends without doing so, the answer is stored here.
   */
  const post = Effect.fnUntraced(function* (
    sessionId: SessionId,
    questionId: QuestionId,
    given: QuestionAnswer,
    { head, isContinued }: { readonly head: number; readonly isContinued: boolean }
  ) {
    const sessions = yield* SessionManager
    const closed = (detail: string) => new QuestionClosed({ sessionId, questionId, detail })
    const one = yield* sessions
      .post(sessionId, AnswerPosts.make(questionId, given))
      .pipe(Effect.catchTag("PostExists", () => Effect.fail(closed("another answer was posted first"))))
    /** The post was taken together with the answer that is stored. If it can be withdrawn, that answer is another one. */
    const isUsed = sessions.withdrawPost(sessionId, one.id).pipe(
      Effect.andThen(Effect.fail(closed(`it has been answered, or ${ended}`))),
      Effect.catchTag("PostChanged", () => Effect.void)
    )
    const answered = sessions.follow(sessionId, head).pipe(
      Stream.takeUntil(
        ({ event }) => endsRound(event) || (event._tag === "QuestionAnswered" && event.questionId === questionId)
      ),
      Stream.runDrain
    )
    const abandoned = open.use(sessionId, store(questionId, given, isContinued, one)).pipe(
      Effect.catchTag("PostChanged", () => Effect.void),
      Effect.retry({ schedule: patience, while: ({ _tag }) => _tag === "SessionBusy" })
    )
    yield* Effect.raceFirst(Effect.andThen(answered, isUsed), Effect.delay(abandoned, firstTry)).pipe(
      Effect.onError(() => Effect.ignore(sessions.withdrawPost(sessionId, one.id)))
    )
  })

  /** See `SessionCoordinator.answer`. */
  const answer = Effect.fnUntraced(function* (
    sessionId: SessionId,
    questionId: QuestionId,
    given: QuestionAnswer,
    { continues: isContinued = true }: AnswerOptions = {}
  ) {
    const { head } = yield* SessionManager.use((sessions) => sessions.get(sessionId))
    const { subject } = yield* find(sessionId, questionId)
    const problem = problemOf(subject, given)
    if (problem !== undefined) return yield* new AnswerInvalid({ questionId, problem })
    const local = desk.find(sessionId)?.answer(questionId, given)
    if (local === undefined)
      return yield* open.use(sessionId, store(questionId, given, isContinued)).pipe(
        Effect.as(became("stored")),
        Effect.catchTag("PostChanged", Effect.die),
        Effect.catchTag("SessionBusy", () =>
          Effect.as(post(sessionId, questionId, given, { head, isContinued }), became("passed"))
        )
      )
    if (!(yield* local))
      return yield* new QuestionClosed({ sessionId, questionId, detail: `it has been answered, or ${ended}` })
    return became("applied")
  })

  return { questions, answer }
}

/**
 * What answering a question can fail with.
 *
 * @since 0.1.0
 * @category models
 */
export type AnswerError = HandleMessageError | QuestionNotFound | QuestionClosed | AnswerInvalid
