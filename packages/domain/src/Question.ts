import * as Schema from "effect/Schema"
import { Answer, Field, problemWith, withDefaults } from "./ElicitationForm.ts"
import { CallId, QuestionId } from "./Ids.ts"
import { Message } from "./Message.ts"

/**
 * What a question is about, exactly. A person who answers it in another process sees nothing else.
 *
 * @since 0.1.0
 * @category schemas
 */
export const QuestionSubject = Schema.TaggedUnion({
  /** Whether a tool call may run. */
  Approval: {
    /** The name as sent to the model, and the tool and the server that it identifies. */
    tool: Schema.Struct({ name: Schema.String, server: Schema.String, tool: Schema.String }),
    input: Schema.Record(Schema.String, Schema.Json),
    /** Hash of the tool's name, the input and the tool's definition. An approval applies to nothing else. */
    hash: Schema.String
  },
  /** A form of an MCP server (elicitation). */
  Form: { server: Schema.String, message: Schema.String, fields: Schema.Array(Field) },
  /** An address that an MCP server asks the user to open (elicitation). */
  Url: { server: Schema.String, message: Schema.String, url: Schema.String, host: Schema.String },
  /** Whether an MCP server may send this to the user's model. */
  Sampling: {
    server: Schema.String,
    /** The server's instructions for the model. */
    system: Schema.String,
    messages: Schema.Array(Message),
    maxTokens: Schema.Int
  }
})
export type QuestionSubject = typeof QuestionSubject.Type

/**
 * How far an approval reaches: this call only, later calls of the same tool in the same session, or in all sessions of the
 * same workspace. What it means that a tool may be called again is up to the host: calls may still be asked about, such as
 * those that may read secrets.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ApprovalScope = Schema.Literals(["once", "session", "project"])
export type ApprovalScope = typeof ApprovalScope.Type

const Allowed = Schema.Struct({ allowed: Schema.Literal(true), scope: ApprovalScope })
const Refused = Schema.Struct({
  allowed: Schema.Literal(false),
  /** Sent to the model or the server that is refused. */
  reason: Schema.String
})
const Accept = Schema.TaggedStruct("Accept", {
  /** The answers to a form, by the names of its fields; empty for an address. */
  content: Schema.Record(Schema.String, Answer)
})

/**
 * An answer to a question: an approval or a refusal of a tool call or of sampling, or the answer to an elicitation.
 *
 * @since 0.1.0
 * @category schemas
 */
export const QuestionAnswer = Schema.Union([
  Allowed,
  Refused,
  Accept,
  Schema.TaggedStruct("Decline", {}),
  Schema.TaggedStruct("Cancel", {})
])
export type QuestionAnswer = typeof QuestionAnswer.Type

/**
 * Who answered: the host that runs the round, by its own dialog or policy; a caller of `SessionCoordinator.answer` in any
 * process; or the engine, because what the question was about had ended.
 *
 * @since 0.1.0
 * @category schemas
 */
export const AnsweredBy = Schema.Literals(["host", "caller", "engine"])
export type AnsweredBy = typeof AnsweredBy.Type

/**
 * A question of a session and, once it is answered, who answered it and how.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Question = Schema.Struct({
  questionId: QuestionId,
  callId: CallId,
  subject: QuestionSubject,
  answer: Schema.optionalKey(QuestionAnswer),
  by: Schema.optionalKey(AnsweredBy)
})
export type Question = typeof Question.Type

const onlyAllowOrDeny = "it is answered by allowing or denying it"
const onlyElicitation = "it is answered by accepting, declining or cancelling it"

/**
 * Why an answer cannot be an answer to this subject, for people. Undefined if it can.
 *
 * @since 0.1.0
 * @category functions
 */
export const problemOf = (subject: QuestionSubject, answer: QuestionAnswer): string | undefined => {
  if (subject._tag === "Approval" || subject._tag === "Sampling")
    return "allowed" in answer ? undefined : onlyAllowOrDeny
  if ("allowed" in answer) return onlyElicitation
  if (subject._tag === "Url" || answer._tag !== "Accept") return undefined
  return problemWith(subject.fields, withDefaults(subject.fields, answer.content))
}

/**
 * The answer as it is stored. The content of a form is for the server only, so it is left out.
 *
 * @since 0.1.0
 * @category functions
 */
export const stored = (answer: QuestionAnswer): QuestionAnswer => {
  if ("allowed" in answer) return answer.allowed ? answer : { allowed: false, reason: answer.reason.toWellFormed() }
  return answer._tag === "Accept" ? { _tag: "Accept", content: {} } : answer
}
