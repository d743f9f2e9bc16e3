import type { CallId, QuestionId, RoundId, TurnId } from "./Ids.ts"
import type { OutputSchema } from "./OutputSchema.ts"
import type { Question } from "./Question.ts"
import type { DeliveredMessage, Round, ToolCallView, Turn } from "./Session.ts"
import type { EventOf, LogEntry } from "./SessionEvent.ts"
import { TurnContent } from "./TurnContent.ts"
import * as Usage from "./Usage.ts"

type Call = { -readonly [K in keyof ToolCallView]: ToolCallView[K] } & { startedAt?: number }
type TurnDraft = {
  base: Omit<Turn, "toolCalls" | "content">
  /** The tool by which the model gives its answer. Its calls are answers, not calls that run. */
  outputTool: string | undefined
  content: Turn["content"] | TurnContent
  calls: Array<Call>
}

const view = ({ startedAt: _, ...call }: Call): ToolCallView => call

/** The sum of the costs that are known; nothing if none is. */
export const sum = (costs: ReadonlyArray<number | undefined>): { readonly cost?: number } => {
  const known = costs.filter((cost) => cost !== undefined)
  return known.length === 0 ? {} : { cost: known.reduce((a, b) => a + b, 0) }
}

/**
 * Folds the events of one round. Constant work per event; `round()` costs the size of the round.
 *
 * @since 0.1.0
 * @category models
 */
export class RoundFold {
  private readonly start: EventOf<"RoundStarted">
  private readonly startedAt: number
  private readonly turns: Array<TurnDraft> = []
  private readonly contextCalls: Array<Call> = []
  private readonly deliveries: Array<DeliveredMessage> = []
  private readonly calls = new Map<CallId, Call>()
  private readonly asked = new Map<QuestionId, Question>()
  /** The model that failed, if the next turn asks a fallback model. */
  private fallbackFor: Turn["model"] | undefined
  private hasOverflowed = false
  private end: Partial<Pick<Round, "stop" | "failure" | "output" | "endedAt">> & Pick<Round, "status"> = {
    status: "running"
  }

  constructor(start: EventOf<"RoundStarted">, at: number) {
    this.start = start
    this.startedAt = at
  }

  get id(): RoundId {
    return this.start.roundId
  }

  /** The user's message. */
  get message(): Round["request"] {
    return this.start.request
  }

  /** The messages that were delivered during the round. */
  get delivered(): ReadonlyArray<DeliveredMessage> {
    return this.deliveries
  }

  /** The JSON Schema that the answer follows, if there is one. */
  get outputSchema(): OutputSchema | undefined {
    return this.start.outputSchema
  }

  get open(): boolean {
    return this.end.status === "running"
  }

  /** The turn that is still streaming, if any, with the content received so far. */
  get openTurn(): { readonly id: TurnId; readonly content: TurnContent } | undefined {
    const turn = this.turns.at(-1)
    return turn?.content instanceof TurnContent ? { id: turn.base.id, content: turn.content } : undefined
  }

  /** Whether the provider rejected a request of the round as too large, and the history was compacted for it. */
  get overflowed(): boolean {
    return this.hasOverflowed
  }

  /** The tool by which the round's latest turn could give an answer that follows the output schema. */
  get outputTool(): string | undefined {
    return this.turns.findLast(({ base }) => base.purpose === undefined)?.outputTool
  }

  get turnCount(): number {
    return this.turns.length
  }

  /** Tokens and US dollars used by the ended turns, including failed ones. `cost` is absent if no price is known. */
  get spent(): { readonly tokens: number; readonly cost?: number } {
    const usages = this.turns.map(({ base }) => Usage.total(base.usage))
    return { tokens: usages.reduce((a, b) => a + b, 0), ...sum(this.turns.map(({ base }) => base.cost)) }
  }

  /** Calls that are not settled, in the order in which they were requested. */
  get unsettled(): ReadonlyArray<ToolCallView> {
    return [...this.calls.values()].filter((call) => call.state !== "settled").map(view)
  }

  /** Calls that are started but not settled. */
  get running(): ReadonlyArray<ToolCallView> {
    return this.unsettled.filter((call) => call.state === "started")
  }

  /** The questions without an answer, oldest first. The end of the round closes them. */
  get openQuestions(): ReadonlyArray<Question> {
    return this.open ? [...this.asked.values()].filter(({ answer }) => answer === undefined) : []
  }

  /** A question of the round, open or answered. */
  question(id: QuestionId): Question | undefined {
    return this.asked.get(id)
  }

  /** The latest question whether this call may run. */
  approvalOf(callId: CallId): Question | undefined {
    return this.questionsOf(callId).findLast(({ subject }) => subject._tag === "Approval")
  }

  /** All questions about this call, and of it, oldest first. */
  questionsOf(callId: CallId): ReadonlyArray<Question> {
    return [...this.asked.values()].filter((one) => one.callId === callId)
  }

  /**
   * Whether all that is open are calls that never started, and one of them was asked about. Such a round can be continued
   * by any process.
   */
  get isParked(): boolean {
    const { openTurn, unsettled } = this
    return (
      this.open &&
      openTurn === undefined &&
      unsettled.every(({ state }) => state === "requested") &&
      unsettled.some(({ callId }) => this.approvalOf(callId) !== undefined)
    )
  }

  /** Adds the next event of the round. */
  push({ at, event }: LogEntry): void {
    switch (event._tag) {
      case "ContextCallRequested":
        return void this.contextCalls.push(this.request(event.callId, event.name, event.input))
      case "MessageDelivered": {
        const { messageId: id, request, requestId } = event
        const known = requestId === undefined ? {} : { requestId }
        return void this.deliveries.push({ id, ...known, request, afterTurns: this.turns.length, at })
      }
      case "TurnStarted":
        this.turns.push({
          base: {
            id: event.turnId,
            model: event.model,
            ...(this.fallbackFor === undefined ? {} : { fallbackFor: this.fallbackFor }),
            ...(event.purpose === undefined ? {} : { purpose: event.purpose }),
            status: "streaming",
            usage: Usage.zero
          },
          outputTool: event.outputTool,
          content: new TurnContent(event.turnId),
          calls: []
        })
        this.fallbackFor = undefined
        return
      case "RetryScheduled":
        this.fallbackFor = event.model === undefined ? undefined : this.turns.at(-1)?.base.model
        return
      case "ContextCompacted":
        this.hasOverflowed ||= event.why === "overflow"
        return
      case "TurnDelta": {
        const content = this.turns.at(-1)?.content
        if (content instanceof TurnContent) content.add(event.chunks)
        return
      }
      case "TurnCompleted":
      case "TurnFailed":
      case "TurnInterrupted":
        return this.endTurn(event)
      case "QuestionAsked": {
        const { callId, questionId, subject } = event
        this.asked.set(questionId, { questionId, callId, subject })
        return
      }
      case "QuestionAnswered": {
        const question = this.asked.get(event.questionId)
        if (question !== undefined)
          this.asked.set(event.questionId, { ...question, answer: event.answer, by: event.by })
        return
      }
      case "ToolDecided": {
        const call = this.calls.get(event.callId)
        if (call !== undefined) call.decision = { allowed: event.allowed, by: event.by }
        return
      }
      case "ToolStarted": {
        const call = this.calls.get(event.callId)
        if (call !== undefined) Object.assign(call, { state: "started", startedAt: at })
        return
      }
      case "ToolSettled": {
        const call = this.calls.get(event.callId)
        if (call === undefined) return
        if (call.startedAt !== undefined) call.duration = Math.max(0, at - call.startedAt)
        call.state = "settled"
        call.outcome = event.outcome
        return
      }
      case "RoundCompleted":
        this.end = {
          status: "completed",
          stop: event.stop,
          ...(event.output === undefined ? {} : { output: event.output }),
          endedAt: at
        }
        return
      case "RoundFailed":
        this.end = { status: "failed", failure: event.failure, endedAt: at }
        return
      case "RoundCancelled":
        this.end = { status: "cancelled", endedAt: at }
        return
    }
  }

  /** The round as it is now, with what the rest of the log says of it. */
  round(marks: Pick<Round, "undone" | "copied"> = {}): Round {
    const turns = this.turns.map(({ base, content, calls }): Turn => ({
      ...base,
      content: content instanceof TurnContent ? content.blocks() : content,
      toolCalls: calls.map(view)
    }))
    const { messageId, purpose, request, requestId } = this.start
    const usage = turns.reduce((usage, turn) => Usage.add(usage, turn.usage), Usage.zero)
    const cacheHitRatio = Usage.cacheHitRatio(usage)
    return {
      id: this.start.roundId,
      ...(requestId === undefined ? {} : { requestId }),
      request,
      ...(messageId === undefined ? {} : { messageId }),
      ...(this.deliveries.length === 0 ? {} : { delivered: [...this.deliveries] }),
      ...(purpose === undefined ? {} : { purpose }),
      contextCalls: this.contextCalls.map(view),
      turns,
      ...(this.asked.size === 0 ? {} : { questions: [...this.asked.values()] }),
      usage,
      ...(cacheHitRatio === undefined ? {} : { cacheHitRatio }),
      ...sum(turns.map((turn) => turn.cost)),
      startedAt: this.startedAt,
      ...(this.isParked ? { status: "waiting" } : this.end),
      ...marks
    }
  }

  private endTurn(event: EventOf<"TurnCompleted" | "TurnFailed" | "TurnInterrupted">): void {
    const turn = this.turns.at(-1)
    if (turn === undefined) return
    turn.content = event.content
    turn.base = {
      ...turn.base,
      usage: event.usage,
      ...(event.cost === undefined ? {} : { cost: event.cost }),
      ...(event._tag === "TurnCompleted"
        ? { status: "completed", stop: event.stop }
        : event._tag === "TurnFailed"
          ? { status: "failed", failure: event.failure }
          : { status: "interrupted" })
    }
    if (event._tag !== "TurnCompleted") return
    for (const block of event.content) {
      if (block._tag !== "ToolCall") continue
      const call = this.request(block.callId, block.name, block.input)
      if (block.name !== turn.outputTool) turn.calls.push(call)
    }
  }

  private request(callId: CallId, name: string, input: string): Call {
    const call: Call = { callId, name, input, state: "requested" }
    this.calls.set(callId, call)
    return call
  }
}
