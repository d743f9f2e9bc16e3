import { canonical } from "@parley/domain/CanonicalJson"
import type { QuestionId } from "@parley/domain/Ids"
import { McpManager, type ToolInput } from "@parley/domain/McpManager"
import type { QuestionAnswer } from "@parley/domain/Question"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import type { ToolDefinition } from "@parley/domain/Tool"
import type { ApprovalRequest, Decision, Rule, ToolPolicy } from "@parley/domain/ToolPolicy"
import { fullDigest } from "@parley/prompt/Digest"
import * as Effect from "effect/Effect"
import type { LogError } from "../log/SessionLog.ts"
import type { SessionState } from "../log/SessionState.ts"
import type { Answered, RoundQuestions } from "./RoundQuestions.ts"

/** A tool policy for the calls of one turn: it already knows whether the turn's request was tainted. */
export interface TurnPolicy<E = LogError> {
  readonly rule: (tool: ToolDefinition, input: ToolInput) => Rule
  readonly policy: ToolPolicy
  readonly questions: RoundQuestions<E>
}

/** Creates the policy for the calls of the turn whose request is about to be sent or, with `tainted`, was sent. */
export const forTurn = (
  policy: ToolPolicy,
  questions: RoundQuestions,
  state: SessionState,
  tainted = state.history.tainted
): TurnPolicy => ({ rule: (tool, input) => policy.rule(tool, { tainted }, input), policy, questions })

/** The decision about a call, and the events that record it. */
export interface Decided {
  readonly decision: Decision
  readonly events: ReadonlyArray<SessionEvent>
  /** To be called when the events are stored. */
  readonly whenStored?: () => void
  /** To be called when nothing more can become of the decision. */
  readonly close?: () => void
}

const allowed: Decided = { decision: { allowed: true }, events: [] }

const decided = ({ callId }: ApprovalRequest, decision: Decision, by: "rule" | "user"): Decided => ({
  decision,
  events: [{ _tag: "ToolDecided", callId, allowed: decision.allowed, by }]
})

/** If the question cannot be asked or answered, the call is denied. */
const noAnswer: Decision = { allowed: false, reason: "the question whether it may run could not be asked" }

const denied: Decision = { allowed: false, reason: "the user's configuration does not allow this tool" }

const changed: Decision = {
  allowed: false,
  reason: "the tool has changed or is gone since the call was shown for approval. Call it again if it is still needed"
}

/** Freezes a value recursively, so that the input that a person approves is exactly the input that is sent. */
const freeze = (value: unknown): void => {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  Object.values(value).forEach(freeze)
}

/** The hash that binds an approval to a call. */
export const hashOf = (tool: ToolDefinition, input: ToolInput): string =>
  fullDigest(canonical([tool.name, input, { ...tool }]))

const subjectOf = ({ input, tool }: ApprovalRequest) => ({
  _tag: "Approval" as const,
  tool: { name: tool.name, server: tool.server, tool: tool.tool },
  input,
  hash: hashOf(tool, input)
})

const decisionOf = (answer: QuestionAnswer): Decision => ("allowed" in answer ? answer : noAnswer)

const answerOf = (decision: Decision): QuestionAnswer =>
  decision.allowed ? { allowed: true, scope: decision.scope ?? "once" } : { allowed: false, reason: decision.reason }

const remember = (policy: ToolPolicy, request: ApprovalRequest, answer: QuestionAnswer): Effect.Effect<void> => {
  const remembered = "allowed" in answer && answer.allowed ? policy.remember?.(request, answer.scope) : undefined
  return remembered === undefined ? Effect.void : Effect.ignoreCause(remembered)
}

/** The decision that follows from an answer: an approval applies only while the tool is the one that was shown. */
const applied = Effect.fnUntraced(function* (
  policy: ToolPolicy,
  request: ApprovalRequest,
  answer: QuestionAnswer,
  hash: string
) {
  const decision = decisionOf(answer)
  if (!decision.allowed) return decided(request, decision, "user")
  yield* remember(policy, request, answer)
  const mcp = yield* McpManager
  const current = (yield* mcp.tools).find(({ name }) => name === request.tool.name)
  return current !== undefined && hashOf(current, request.input) === hash
    ? decided(request, decision, "user")
    : decided(request, changed, "rule")
})

/** The question about a call in the log, if it was asked in an earlier process. */
const asked = ({ callId }: ApprovalRequest, { log }: { readonly log: { readonly state: SessionState } }) => {
  const question = log.state.round?.approvalOf(callId)
  return question?.subject._tag === "Approval" ? { ...question, subject: question.subject } : undefined
}

/**
 * Decides about a call, by rule or by asking a person. The events belong to the append that starts or settles the call.
 * Undefined if the question stays open: the call neither runs nor is settled.
 */
export const decide = Effect.fnUntraced(function* <E>(turn: TurnPolicy<E>, call: ApprovalRequest) {
  const { policy, questions } = turn
  const request = { ...call, isAllowedInSession: questions.log.state.allowedTools.has(call.tool.name) }
  const before = asked(request, questions)
  const open = before?.answer === undefined ? before?.questionId : undefined
  /** A decision without a person closes the question of an earlier process, too. */
  const settled = (decision: Decided): Decided => ({
    ...decision,
    events: [...closing(open, questions, decision.decision), ...decision.events]
  })
  switch (turn.rule(request.tool, request.input)) {
    case "allow":
      return settled(allowed)
    case "deny":
      return settled(decided(request, denied, "rule"))
    case "ask": {
      freeze(request.input)
      if (before?.answer !== undefined) return yield* applied(policy, request, before.answer, before.subject.hash)
      const posted = before === undefined ? undefined : yield* questions.posted(before.questionId, before.subject)
      if (before !== undefined && posted !== undefined)
        return yield* apply(policy, request, posted, before.subject.hash)
      const { withoutAsking } = policy
      const known = yield* withoutAsking === undefined
        ? Effect.undefined
        : Effect.suspend(() => withoutAsking(request)).pipe(Effect.catchDefect(() => Effect.succeed(noAnswer)))
      if (known === "park") return open === undefined ? yield* park(request, questions) : undefined
      if (known !== undefined) return settled(decided(request, known, "user"))
      return yield* ask(policy, request, questions, open)
    }
  }
})

const closing = (
  open: QuestionId | undefined,
  { roundId }: Pick<RoundQuestions, "roundId">,
  decision: Decision
): ReadonlyArray<SessionEvent> =>
  open === undefined
    ? []
    : [{ _tag: "QuestionAnswered", questionId: open, roundId, by: "host", answer: answerOf(decision) }]

/** Stores the question and leaves it open. */
const park = <E>(request: ApprovalRequest, questions: RoundQuestions<E>) =>
  Effect.as(questions.leave(request.callId, subjectOf(request)), undefined)

const ask = Effect.fnUntraced(function* <E>(
  policy: ToolPolicy,
  request: ApprovalRequest,
  questions: RoundQuestions<E>,
  known: QuestionId | undefined
) {
  const subject = asked(request, questions)?.subject ?? subjectOf(request)
  const answered = yield* questions.ask({
    callId: request.callId,
    subject,
    known,
    dialog: Effect.map(
      Effect.suspend(() => policy.ask(request)),
      answerOf
    ),
    onAnswer: ({ answer }) => remember(policy, request, answer)
  })
  return yield* apply(policy, request, answered, subject.hash)
})

/** The decision that follows from an answer, with everything that is to be stored. */
const apply = (policy: ToolPolicy, request: ApprovalRequest, answered: Answered, hash: string) => {
  const { close, events, given, whenStored } = answered
  return applied(policy, request, given.answer, hash).pipe(
    Effect.map((decided): Decided => ({ ...decided, events: [...events, ...decided.events], whenStored, close })),
    Effect.onInterrupt(() => Effect.sync(close))
  )
}
