import { type CallId, type QuestionId, questionId, type RoundId } from "@parley/domain/Ids"
import { type AnsweredBy, type QuestionAnswer, type QuestionSubject, stored } from "@parley/domain/Question"
import { type Post, PostChanged, type PostVersion } from "@parley/domain/Post"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { LogError, SessionLog } from "../log/SessionLog.ts"
import * as AnswerPosts from "./AnswerPosts.ts"

/** An answer as it was given. Only the first one of a question counts. */
export interface Given {
  readonly answer: QuestionAnswer
  readonly by: AnsweredBy
  /** The post of another process that has the answer. It is taken when the answer is stored. */
  readonly post?: PostVersion
}

/** The posts of a session, from any process. */
export interface Posts {
  readonly waiting: Effect.Effect<ReadonlyArray<Post>>
  readonly follow: Stream.Stream<ReadonlyArray<Post>>
}

/** A question that waits for its answer, or whose answer is being stored. */
interface Open {
  readonly callId: CallId
  readonly subject: QuestionSubject
  readonly given: Deferred.Deferred<Given>
  /** Whether the answer is stored. False: what the question was about ended first. */
  readonly isStored: Deferred.Deferred<boolean>
}

type Log<E> = Pick<SessionLog, "id" | "state"> & {
  readonly append: (events: ReadonlyArray<SessionEvent>) => Effect.Effect<void, E>
  readonly take: (
    posts: ReadonlyArray<PostVersion>,
    events: ReadonlyArray<SessionEvent>
  ) => Effect.Effect<void, E | PostChanged>
}

interface Asking {
  readonly callId: CallId
  readonly subject: QuestionSubject
  /** The question in the log, if it is open there. */
  readonly known?: QuestionId | undefined
  /** Asks the person of this host. */
  readonly dialog: Effect.Effect<QuestionAnswer>
  /** Called with the answer before the dialog is interrupted. */
  readonly onAnswer?: (given: Given) => Effect.Effect<void>
}

/** A question with its first answer. */
export interface Answered {
  readonly given: Given
  /** What the caller has to store. */
  readonly events: ReadonlyArray<SessionEvent>
  /** To be called when the events are stored. */
  readonly whenStored: () => void
  /** To be called when no more can become of the answer. Without `whenStored` before it, the answer had no effect. */
  readonly close: () => void
}

/** The answer of a dialog that failed: a bug in it must not count as consent. */
const failed = ({ _tag }: QuestionSubject): QuestionAnswer =>
  _tag === "Approval" || _tag === "Sampling"
    ? { allowed: false, reason: "the question whether it may run could not be asked" }
    : { _tag: "Cancel" }

const isPostChanged = Schema.is(PostChanged)
const ofHost = (answer: QuestionAnswer): Given => ({ answer, by: "host" })
const cancelled: Given = { answer: { _tag: "Cancel" }, by: "engine" }

/** The questions of a round that runs in this process. Answers come from a dialog of the host or from elsewhere. */
export class RoundQuestions<E = LogError> {
  readonly log: Log<E>
  readonly roundId: RoundId
  private readonly posts: Posts
  private readonly open = new Map<QuestionId, Open>()
  private readonly counts = new Map<CallId, number>()
  /** The calls whose start is stored and whose outcome is not. Only these may ask questions while they run. */
  private readonly running = new Set<CallId>()

  constructor(log: Log<E>, roundId: RoundId, posts: Posts) {
    this.log = log
    this.roundId = roundId
    this.posts = posts
  }

  /** Gives an answer from elsewhere. Undefined if there is no such open question, false if another answer was first. */
  answer(id: QuestionId, answer: QuestionAnswer): Effect.Effect<boolean> | undefined {
    const entry = this.open.get(id)
    if (entry === undefined) return undefined
    const isFirst = Deferred.doneUnsafe(entry.given, Effect.succeed({ answer, by: "caller" }))
    return isFirst ? Deferred.await(entry.isStored) : Effect.succeed(false)
  }

  /**
   * Stores a question, unless the log has it already, and waits for its first answer: that of the dialog or of a caller.
   * The other one is interrupted or refused.
   */
  readonly ask = (asking: Asking): Effect.Effect<Answered, E> =>
    Effect.suspend(() => {
      const id = asking.known ?? this.nextId(asking.callId)
      const close = () => this.close(id)
      return Effect.uninterruptibleMask((restore) =>
        restore(this.wait(id, asking, Effect.sync(close))).pipe(
          Effect.flatMap((given) => this.received(id, asking.subject, given))
        )
      )
    })

  /** The answer to an open question that another process posted, if there is one. */
  readonly posted = (id: QuestionId, subject: QuestionSubject): Effect.Effect<Answered | undefined, E> =>
    Effect.flatMap(this.posts.waiting, (posts): Effect.Effect<Answered | undefined, E> => {
      const found = AnswerPosts.find(posts, id, subject)
      return found === undefined
        ? Effect.undefined
        : Effect.uninterruptible(this.received(id, subject, { ...found, by: "caller" }))
    })

  /** Takes the post that has the answer, if there is one. A post that was withdrawn in the meantime is no consent. */
  private received(id: QuestionId, subject: QuestionSubject, given: Given): Effect.Effect<Answered, E> {
    const whenStored = () => this.close(id, true)
    const close = () => this.close(id)
    if (given.post === undefined) return Effect.succeed({ given, events: [this.event(id, given)], whenStored, close })
    const taken: Answered = { given, events: [], whenStored: () => {}, close }
    const withdrawn: Given = { answer: failed(subject), by: "engine" }
    return this.log.take([given.post], [this.event(id, given)]).pipe(
      Effect.as(taken),
      Effect.tap(() => Effect.sync(whenStored)),
      Effect.catchIf(isPostChanged, () =>
        Effect.succeed({ given: withdrawn, events: [this.event(id, withdrawn)], whenStored, close })
      )
    )
  }

  /** Stores a question and leaves it open. */
  leave(callId: CallId, subject: QuestionSubject): Effect.Effect<void, E> {
    return Effect.suspend(() => this.log.append([this.asked(this.nextId(callId), callId, subject)]))
  }

  /** The start of the call is about to be stored. */
  starts(callId: CallId): void {
    this.running.add(callId)
  }

  /** The outcome of the call is about to be stored: the events that close its open questions, to be stored before it. */
  settles(callId: CallId): ReadonlyArray<SessionEvent> {
    this.running.delete(callId)
    return [...this.open].flatMap(([id, entry]) => {
      if (entry.callId !== callId) return []
      this.close(id)
      return [this.event(id, cancelled)]
    })
  }

  /**
   * Asks what a running call needs to know. The answer is stored before it is returned. If the call ends first, the
   * question is closed with it. Of a call that does not run, nothing is stored.
   */
  readonly askFor = (
    callId: CallId,
    subject: QuestionSubject,
    dialog: Effect.Effect<QuestionAnswer>
  ): Effect.Effect<QuestionAnswer> =>
    Effect.suspend(() => {
      if (!this.running.has(callId)) return dialog
      const id = this.nextId(callId)
      /** Stores the answer, unless the end of the call has closed the question. */
      const store = (given: Given) =>
        Effect.suspend(() => {
          if (!this.open.has(id)) return Effect.succeed(cancelled.answer)
          return this.received(id, subject, given).pipe(
            Effect.flatMap(({ events, given: { answer }, whenStored }) =>
              (events.length === 0 ? Effect.void : this.log.append(events)).pipe(
                Effect.tap(() => Effect.sync(whenStored)),
                Effect.as(answer)
              )
            )
          )
        })
      return this.wait(id, { callId, subject, dialog }, Effect.ignore(store(cancelled))).pipe(
        Effect.flatMap((given) => Effect.uninterruptible(store(given))),
        // The round fails because of the same error.
        Effect.orElseSucceed(() => cancelled.answer)
      )
    })

  private wait(id: QuestionId, asking: Asking, abandoned: Effect.Effect<void>): Effect.Effect<Given, E> {
    const { callId, dialog, known, onAnswer, subject } = asking
    const given = Deferred.makeUnsafe<Given>()
    const give = (answer: QuestionAnswer) => Deferred.succeed(given, ofHost(answer))
    this.open.set(id, { callId, subject, given, isStored: Deferred.makeUnsafe() })
    return Effect.uninterruptibleMask((restore) =>
      Effect.gen({ self: this }, function* () {
        if (known === undefined) yield* this.log.append([this.asked(id, callId, subject)])
        const fiber = yield* Effect.forkChild(
          Effect.onExit(restore(dialog), (exit) => give(Exit.isSuccess(exit) ? exit.value : failed(subject))),
          { startImmediately: true }
        )
        const elsewhere = yield* Effect.forkChild(
          Stream.runForEach(this.posts.follow, (posts) => {
            const found = AnswerPosts.find(posts, id, subject)
            return found === undefined ? Effect.void : Deferred.succeed(given, { ...found, by: "caller" })
          }),
          { startImmediately: true }
        )
        return yield* restore(Deferred.await(given)).pipe(
          Effect.tap((first) => onAnswer?.(first) ?? Effect.void),
          Effect.ensuring(Fiber.interruptAll([fiber, elsewhere]))
        )
      }).pipe(Effect.onError(() => abandoned))
    )
  }

  private nextId(callId: CallId): QuestionId {
    const stored = this.log.state.round?.questionsOf(callId).length ?? 0
    const ordinal = Math.max(stored, this.counts.get(callId) ?? 0) + 1
    this.counts.set(callId, ordinal)
    return questionId(callId, ordinal)
  }

  private asked(id: QuestionId, callId: CallId, subject: QuestionSubject): SessionEvent {
    return { _tag: "QuestionAsked", questionId: id, roundId: this.roundId, callId, subject }
  }

  private event(id: QuestionId, { answer, by }: Omit<Given, "post">): SessionEvent {
    return { _tag: "QuestionAnswered", questionId: id, roundId: this.roundId, by, answer: stored(answer) }
  }

  private close(id: QuestionId, isStored = false): void {
    const entry = this.open.get(id)
    this.open.delete(id)
    if (entry !== undefined) Deferred.doneUnsafe(entry.isStored, Effect.succeed(isStored))
  }
}
