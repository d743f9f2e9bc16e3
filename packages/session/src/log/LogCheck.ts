import { betweenRounds, endsRound, endsTurn, type LogEntry } from "@parley/domain/SessionEvent"

/** Blocks that a model cannot produce: providers reject them in assistant messages. */
const notFromUser: ReadonlySet<string> = new Set(["Image", "Document", "ToolResult"])
const callId = /^[A-Za-z0-9_-]{1,64}$/

/**
 * Checks the order of events, which every version of Parley guarantees. Missing events at the end, such as the outcome of
 * a call or the end of a round, are not errors: recovery adds them.
 */
class Check {
  private seq = 0
  private round: string | undefined
  private turn: string | undefined
  /** The first missing event within the current turn. Deltas may be missing only if the turn ends. */
  private gap: number | undefined
  private readonly rounds = new Set<string>()
  private readonly inEffect: Array<string> = []
  /** The latest undos that can be taken back. */
  private redoable: Array<ReadonlyArray<string>> = []
  private readonly turns = new Set<string>()
  private readonly calls = new Map<string, "requested" | "started" | "settled">()
  private readonly questions = new Map<string, "open" | "answered">()
  /** The number of calls that are not settled. */
  private unsettled = 0
  private readonly messages = new Set<string>()

  /** Checks the next entry; returns the rule that it violates, if any. */
  push({ event, seq }: LogEntry): string | undefined {
    const expected = this.seq + 1
    this.seq = seq
    if (seq < expected) return `its number follows ${expected - 1}`
    if (seq > expected) {
      if (this.turn === undefined) return `event ${expected} is missing before it`
      this.gap ??= expected
    }
    if (event._tag === "RoundStarted") {
      if (this.round !== undefined) return `${event.roundId} starts while ${this.round} is open`
      if (this.rounds.has(event.roundId)) return `${event.roundId} starts twice`
      this.rounds.add(event.roundId)
      this.round = event.roundId
      this.inEffect.push(event.roundId)
      this.redoable = []
      return this.delivered(event.messageId)
    }
    if (betweenRounds(event)) {
      if (this.round !== undefined) return `${event._tag} while ${this.round} is open`
      return this.ofUndo(event)
    }
    if (this.round === undefined) return `${event._tag} while no round is open`
    if ("roundId" in event && event.roundId !== this.round)
      return `${event._tag} of ${event.roundId} while ${this.round} is open`
    if (endsRound(event)) {
      if (this.turn !== undefined) return `${event._tag} while turn ${this.turn} is open`
      this.round = undefined
      return undefined
    }
    return this.ofMessage(event) ?? this.ofTurn(event) ?? this.ofQuestion(event) ?? this.ofCall(event)
  }

  /** Whether the entries so far consist of complete rounds. */
  get isWhole(): boolean {
    return this.round === undefined
  }

  /** The rule that is violated at the end of the log, if any. */
  get end(): string | undefined {
    return this.turn === undefined || this.gap === undefined ? undefined : `event ${this.gap} is missing`
  }

  /** Undone are the last rounds in effect, in their order. */
  private ofUndo(event: LogEntry["event"]): string | undefined {
    if (event._tag === "CompactionUndone") this.redoable = []
    if (event._tag === "RoundsUndone") {
      const last = this.inEffect.splice(-event.rounds.length)
      if (last.join() !== event.rounds.join()) return `the rounds ${event.rounds.join(", ")} cannot be undone`
      this.redoable.push(last)
    }
    if (event._tag === "RoundsRedone") {
      const last = this.redoable.pop()
      if (last === undefined) return "there is nothing to redo"
      this.inEffect.push(...last)
    }
    return undefined
  }

  private ofMessage(event: LogEntry["event"]): string | undefined {
    if (event._tag !== "MessageDelivered") return undefined
    if (this.turn !== undefined) return `message ${event.messageId} is delivered while ${this.turn} is open`
    if (this.unsettled > 0) return `message ${event.messageId} is delivered while calls are open`
    return this.delivered(event.messageId)
  }

  private delivered(message: string | undefined): string | undefined {
    if (message === undefined) return undefined
    if (this.messages.has(message)) return `message ${message} is delivered twice`
    this.messages.add(message)
    return undefined
  }

  private ofTurn(event: LogEntry["event"]): string | undefined {
    if (event._tag === "TurnStarted") {
      if (this.turn !== undefined) return `turn ${event.turnId} starts while ${this.turn} is open`
      if (this.turns.has(event.turnId)) return `turn ${event.turnId} starts twice`
      this.turns.add(event.turnId)
      this.turn = event.turnId
    } else if (event._tag === "TurnDelta" || endsTurn(event)) {
      if (event.turnId !== this.turn) return `${event._tag} of ${event.turnId} while ${this.turn ?? "no turn"} is open`
      if (event._tag === "TurnDelta") return undefined
      this.turn = undefined
      this.gap = undefined
      if (event._tag !== "TurnCompleted") return undefined
      for (const block of event.content) {
        if (notFromUser.has(block._tag)) return `turn ${event.turnId} holds a block of the user's, ${block._tag}`
        if (block._tag !== "ToolCall") continue
        if (!callId.test(block.callId)) return `call ${block.callId} has an id that no provider accepts`
        if (this.calls.has(block.callId)) return `call ${block.callId} is requested twice`
        this.calls.set(block.callId, "requested")
        this.unsettled++
      }
    }
    return undefined
  }

  private ofQuestion(event: LogEntry["event"]): string | undefined {
    if (event._tag === "QuestionAsked") {
      const expected = event.subject._tag === "Approval" ? "requested" : "started"
      if (this.calls.get(event.callId) !== expected)
        return `a question about call ${event.callId}, which is not ${expected}`
      if (this.questions.has(event.questionId)) return `question ${event.questionId} is asked twice`
      this.questions.set(event.questionId, "open")
    } else if (event._tag === "QuestionAnswered") {
      const state = this.questions.get(event.questionId)
      if (state !== "open")
        return `an answer to question ${event.questionId}, which is ${state === undefined ? "not asked" : "answered"}`
      this.questions.set(event.questionId, "answered")
    }
    return undefined
  }

  private ofCall(event: LogEntry["event"]): string | undefined {
    if (event._tag === "ContextCallRequested") {
      if (this.calls.has(event.callId)) return `call ${event.callId} is requested twice`
      this.calls.set(event.callId, "requested")
      this.unsettled++
    } else if (event._tag === "ToolDecided") {
      if (this.calls.get(event.callId) !== "requested") return `a decision about call ${event.callId} out of its turn`
    } else if (event._tag === "ToolStarted") {
      const state = this.calls.get(event.callId)
      if (state !== "requested")
        return `call ${event.callId} starts but ${state === undefined ? "was not requested" : `is already ${state}`}`
      this.calls.set(event.callId, "started")
    } else if (event._tag === "ToolSettled") {
      const state = this.calls.get(event.callId)
      if (state === undefined) return `a result of call ${event.callId}, which was not requested`
      if (state === "settled") return `a second result of call ${event.callId}`
      this.calls.set(event.callId, "settled")
      this.unsettled--
    }
    return undefined
  }
}

/**
 * Describes the first problem of a complete log that Parley cannot have written, or returns `undefined`. Such a log was
 * edited or has lost events. Requests derived from it might be wrong, so it is rejected.
 *
 * @since 0.1.0
 * @category functions
 */
export const damage = (entries: ReadonlyArray<LogEntry>): string | undefined => {
  const check = new Check()
  for (const entry of entries) {
    const problem = check.push(entry)
    if (problem !== undefined) return `event ${entry.seq}: ${problem}`
  }
  return check.end
}

/**
 * The entries before the first problem.
 *
 * @since 0.1.0
 * @category functions
 */
export const sound = (entries: ReadonlyArray<LogEntry>): ReadonlyArray<LogEntry> => {
  const check = new Check()
  const problem = entries.findIndex((entry) => check.push(entry) !== undefined)
  return problem < 0 ? entries : entries.slice(0, problem)
}

/**
 * The entries up to the last complete round before the first problem.
 *
 * @since 0.1.0
 * @category functions
 */
export const intact = (entries: ReadonlyArray<LogEntry>): ReadonlyArray<LogEntry> => {
  const check = new Check()
  let whole = 0
  for (const [i, entry] of entries.entries()) {
    if (check.push(entry) !== undefined) break
    if (check.isWhole) whole = i + 1
  }
  return entries.slice(0, whole)
}
