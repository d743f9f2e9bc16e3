import * as Engine from "@parley/app/Engine"
import { UsageError } from "@parley/app/UsageError"
import * as WaitingRounds from "@parley/app/WaitingRounds"
import * as WithheldFiles from "@parley/app/WithheldFiles"
import type { SessionId } from "@parley/domain/Ids"
import type { ApprovalScope, Question, QuestionAnswer } from "@parley/domain/Question"
import { endsRound } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as AskQuestion from "../consent/AskQuestion.ts"
import { refusalOf } from "../consent/Consent.ts"
import * as Ports from "../consent/Ports.ts"
import * as Person from "../consent/Person.ts"
import * as QuestionText from "../consent/QuestionText.ts"
import * as PrintRound from "../chat/PrintRound.ts"
import * as SessionFlags from "../configuration/SessionFlags.ts"
import * as SetupFlags from "../configuration/SetupFlags.ts"
import { Output } from "../output/Output.ts"
import * as Render from "../output/Render.ts"

export interface Input extends SetupFlags.Flags {
  readonly id: string
  readonly allowCalls: boolean
  readonly scope: Option.Option<ApprovalScope>
  readonly deny: boolean
  readonly reason: Option.Option<string>
  readonly question: Option.Option<string>
  readonly format: PrintRound.Format
}

/** How each question is answered without asking; undefined if a person is asked. */
const scripted = Effect.fnUntraced(function* ({ allowCalls, deny, reason, scope }: Input) {
  if (allowCalls && deny) return yield* new UsageError({ problem: "Use either --allow or --deny, not both" })
  if (Option.isSome(reason) && !deny)
    return yield* new UsageError({ problem: "--reason says why something is denied; use it with --deny" })
  if (Option.isSome(scope) && !allowCalls)
    return yield* new UsageError({ problem: "--scope says how far an approval reaches; use it with --allow" })
  if (!allowCalls && !deny) return undefined
  return Effect.fnUntraced(function* ({ questionId, subject }: Question) {
    const isElicitation = subject._tag === "Form" || subject._tag === "Url"
    if (deny) {
      const refusal: QuestionAnswer = { allowed: false, reason: reason.pipe(Option.getOrUndefined, refusalOf) }
      return isElicitation ? ({ _tag: "Decline" } satisfies QuestionAnswer) : refusal
    }
    if (isElicitation)
      return yield* new UsageError({
        problem: `${questionId} is ${QuestionText.line(subject)}: it has to be answered at a terminal, or declined with --deny`
      })
    return { allowed: true, scope: Option.getOrElse(scope, () => "once" as const) } satisfies QuestionAnswer
  })
})

/** The open questions that the command is about. */
const chosen = Effect.fnUntraced(function* (id: SessionId, { question }: Input) {
  const open = yield* SessionCoordinator.use((coordinator) => coordinator.questions(id))
  if (Option.isNone(question)) return open
  const found = open.filter(({ questionId }) => questionId === question.value)
  if (found.length > 0) return found
  const others = open.map(({ questionId }) => questionId).join(", ")
  return yield* new UsageError({
    problem: `Session ${id} has no open question ${question.value}; ${others === "" ? "none is open" : `open: ${others}`}`
  })
})

/** Shows the rest of a round that another process runs. */
const follow = Effect.fnUntraced(function* (id: SessionId, head: number, format: PrintRound.Format) {
  const output = yield* Output
  const coordinator = yield* SessionCoordinator
  const print = yield* format === "text"
    ? Render.text(id)
    : format === "stream-json"
      ? Render.streamJson
      : Effect.succeed(() => Effect.void)
  yield* coordinator.events(id, { after: head }).pipe(
    Stream.takeUntil(({ event }) => endsRound(event)),
    Stream.runForEach(print)
  )
  if (format === "json") yield* PrintRound.lastOf(id)
  else if (format === "text") yield* output.aside(`session ${id}`)
})

const answerAll = Effect.fnUntraced(function* (setup: SetupFlags.Setup, input: Input, person: Person.Person) {
  const coordinator = yield* SessionCoordinator
  const output = yield* Output
  const { head, id } = yield* SessionManager.use(({ get }) => Effect.flatMap(SessionFlags.named(input.id), get))
  const withoutPerson = yield* scripted(input)
  const questions = yield* chosen(id, input)
  const parked = yield* WaitingRounds.waiting(id)
  if (questions.length === 0 && parked === undefined)
    return yield* new UsageError({ problem: `Session ${id} has no open question` })
  if (withoutPerson === undefined && !person.available && questions.length > 0)
    return yield* new UsageError({
      problem: [
        "There is no terminal to ask on, so nothing was answered; in a script, use --allow or --deny. The open questions:",
        ...questions.map(({ questionId, subject }) => `  ${questionId}: ${QuestionText.line(subject)}`)
      ].join("\n")
    })
  const ask = withoutPerson ?? AskQuestion.at(person, WithheldFiles.secretRead(setup))
  let isPassed = false
  for (const question of questions) {
    const answer = yield* ask(question)
    if (answer === undefined) return yield* new UsageError({ problem: "The input ended before an answer" })
    // Another person may have been faster; the other questions are still to be answered.
    const became = yield* coordinator
      .answer(id, question.questionId, answer, { continues: false })
      .pipe(
        Effect.catchTag("QuestionClosed", ({ message }) =>
          Effect.as(output.note(`parley: ${message}`), "stored" as const)
        )
      )
    isPassed ||= became === "passed"
  }
  if (isPassed) return yield* follow(id, head, input.format)
  if ((yield* WaitingRounds.waiting(id)) === undefined) return
  yield* PrintRound.continued(setup, id, input.format)
})

/** Answers the open questions of a session, and shows the rest of its round. */
export const answer = Effect.fn("parley answer")(function* (input: Input) {
  const setup = yield* SetupFlags.load(input)
  const person = Person.make()
  const isScripted = input.allowCalls || input.deny
  // A script has answered what it has seen. Later questions of the round stay open for the next answer.
  const ports = isScripted ? Ports.leavingOpen : Layer.empty
  yield* Effect.provide(answerAll(setup, input, person), Layer.provide(Engine.layer(setup), ports))
})
