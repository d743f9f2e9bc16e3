import { UserBlock } from "@parley/domain/Content"
import { Effort } from "@parley/domain/Effort"
import { PostId, QuestionId, RequestId, RoundId, SessionId } from "@parley/domain/Ids"
import { Delivery } from "@parley/domain/InboxMessage"
import { ModelRef } from "@parley/domain/ModelRef"
import { OutputSchema } from "@parley/domain/OutputSchema"
import { Provenance } from "@parley/domain/Provenance"
import { QuestionAnswer } from "@parley/domain/Question"
import { PinKind } from "@parley/domain/SessionEvent"
import { SessionLimits } from "@parley/domain/SessionSettings"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Cause from "effect/Cause"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as StructuredOutput from "../output/StructuredOutput.ts"
import type { AnswerError, HandleMessage, SessionCoordinator } from "../round/SessionCoordinator.ts"

const sessionId = SessionId
const Part = Schema.Union([
  Schema.String,
  UserBlock,
  Schema.Struct({ outside: Schema.Union([Schema.String, UserBlock]) })
])

const Request = Schema.Union([Schema.String, Part.pipe(Schema.Array)])

/** A message with its options. Absent options may be undefined. */
const Message = Schema.Struct({
  sessionId,
  request: Request,
  requestId: RequestId.pipe(Schema.UndefinedOr, Schema.optionalKey),
  mentions: Schema.String.pipe(Schema.UndefinedOr, Schema.optionalKey),
  refresh: Schema.String.pipe(Schema.Array, Schema.UndefinedOr, Schema.optionalKey),
  model: ModelRef.pipe(Schema.UndefinedOr, Schema.optionalKey),
  edit: RoundId.pipe(Schema.UndefinedOr, Schema.optionalKey),
  effort: Effort.pipe(Schema.UndefinedOr, Schema.optionalKey),
  limits: SessionLimits.pipe(Schema.UndefinedOr, Schema.optionalKey),
  /** The JSON Schema of the answer. What only a decoder of the host checks is not recorded. */
  output: Schema.optionalKey(OutputSchema)
})

/** A message as it is recorded. */
export const recorded = ({ output, ...message }: HandleMessage): typeof Message.Type => {
  // A schema that cannot be used is refused by the engine, which then stores nothing.
  const form = output === undefined ? undefined : Result.getOrUndefined(StructuredOutput.of(output))
  return { ...message, ...(form === undefined ? {} : { output: form.schema }) }
}

const played = ({ output, ...message }: typeof Message.Type): HandleMessage => {
  const form = output === undefined ? undefined : Result.getOrUndefined(StructuredOutput.fromJsonSchema(output))
  return { ...message, ...(form === undefined ? {} : { output: form }) }
}

/** What a host asks of a coordinator, as far as it changes sessions. */
export const Ask = Schema.TaggedUnion({
  /** A message; `way` is the method of the coordinator. */
  Message: { way: Schema.Literals(["handleMessage", "submit", "stream"]), message: Message },
  Send: {
    sessionId,
    request: Request,
    delivery: Delivery,
    requestId: RequestId.pipe(Schema.UndefinedOr, Schema.optionalKey)
  },
  EditMessage: { sessionId, messageId: PostId, request: Request },
  WithdrawMessage: { sessionId, messageId: PostId },
  Deliver: { sessionId },
  Compact: { sessionId, model: ModelRef.pipe(Schema.UndefinedOr, Schema.optionalKey) },
  UndoCompaction: { sessionId },
  Undo: { sessionId, rounds: Schema.Finite.pipe(Schema.UndefinedOr, Schema.optionalKey) },
  Redo: { sessionId },
  Configure: {
    sessionId,
    change: Schema.Struct({
      model: Schema.Union([ModelRef, Schema.Literal("default")]).pipe(Schema.UndefinedOr, Schema.optionalKey),
      effort: Schema.Union([Effort, Schema.Literal("default")]).pipe(Schema.UndefinedOr, Schema.optionalKey),
      limits: SessionLimits.pipe(Schema.UndefinedOr, Schema.optionalKey)
    })
  },
  Refresh: { sessionId },
  Pin: {
    sessionId,
    pin: Schema.Struct({ kind: PinKind, text: Schema.String, provenance: Schema.optionalKey(Provenance) })
  },
  Unpin: { sessionId, text: Schema.String },
  Answer: { sessionId, questionId: QuestionId, answer: QuestionAnswer, continues: Schema.Boolean },
  Resume: { sessionId },
  Cancel: { sessionId, roundId: RoundId.pipe(Schema.UndefinedOr, Schema.optionalKey) }
})
export type Ask = typeof Ask.Type

/** The session of a request. */
export const sessionOf = (ask: Ask): SessionId => (ask._tag === "Message" ? ask.message.sessionId : ask.sessionId)

const message = (coordinator: SessionCoordinator["Service"], { message, way }: Extract<Ask, { _tag: "Message" }>) => {
  const options = played(message)
  switch (way) {
    case "handleMessage":
      return Effect.asVoid(coordinator.handleMessage(options))
    case "submit":
      return Effect.asVoid(coordinator.submit(options))
    case "stream":
      return Stream.runDrain(coordinator.stream(options))
  }
}

/** Asks the coordinator the same again. */
export const run = (coordinator: SessionCoordinator["Service"], ask: Ask): Effect.Effect<void, AnswerError> => {
  switch (ask._tag) {
    case "Message":
      return message(coordinator, ask)
    case "Send": {
      const { delivery, request, requestId } = ask
      return Effect.asVoid(coordinator.send(ask.sessionId, { request, delivery, requestId }))
    }
    case "EditMessage":
      return coordinator.editMessage(ask.sessionId, ask.messageId, ask.request)
    case "WithdrawMessage":
      return coordinator.withdrawMessage(ask.sessionId, ask.messageId)
    case "Deliver":
      return Stream.runDrain(coordinator.deliver(ask.sessionId))
    case "Compact":
      return Effect.asVoid(coordinator.compact(ask.sessionId, { model: ask.model }))
    case "UndoCompaction":
      return coordinator.undoCompaction(ask.sessionId)
    case "Undo":
      return Effect.asVoid(coordinator.undo(ask.sessionId, { rounds: ask.rounds }))
    case "Redo":
      return Effect.asVoid(coordinator.redo(ask.sessionId))
    case "Configure":
      return Effect.asVoid(coordinator.configure(ask.sessionId, ask.change))
    case "Refresh":
      return coordinator.refresh(ask.sessionId)
    case "Pin":
      return coordinator.pin(ask.sessionId, ask.pin)
    case "Unpin":
      return coordinator.unpin(ask.sessionId, ask.text)
    case "Answer":
      return Effect.asVoid(coordinator.answer(ask.sessionId, ask.questionId, ask.answer, { continues: ask.continues }))
    case "Resume":
      return Stream.runDrain(coordinator.resume(ask.sessionId))
    case "Cancel":
      return coordinator.cancel(ask.sessionId, ask.roundId)
  }
}

/** How a request of the host ended, as one line. */
export const endOf = (exit: Exit.Exit<unknown, { readonly _tag: string; readonly message: string }>): string => {
  if (Exit.isSuccess(exit)) return "completed"
  const error = Cause.findErrorOption(exit.cause)
  if (Option.isSome(error)) return `${error.value._tag}: ${error.value.message}`
  return Cause.hasDies(exit.cause) ? "defect" : "interrupted"
}
