import { type CallId, type RequestId, type RoundId, roundId, type TurnId } from "@parley/domain/Ids"
import type { Segment } from "@parley/domain/ContextManifest"
import { MessageFold } from "@parley/domain/MessageFold"
import { isRejection, isTooLarge } from "@parley/domain/ModelError"
import { type Baseline, endsTurn, type EventOf, type LogEntry } from "@parley/domain/SessionEvent"
import { RoundFold } from "@parley/domain/SessionFold"
import type { SessionSettings } from "@parley/domain/SessionSettings"
import type { ToolOutcome } from "@parley/domain/Tool"
import * as UndoneRounds from "@parley/domain/UndoneRounds"
import * as Usage from "@parley/domain/Usage"
import type { Pin } from "@parley/prompt/Pins"
import type { Digests } from "@parley/prompt/Part"
import { BoundThinking } from "./BoundThinking.ts"

/** The last successful value of a slot. */
export interface SlotMemory {
  readonly roundId: RoundId
  /** The tool and the input of the call. If the slot's declaration has changed since, this value does not count. */
  readonly tool: string
  readonly input: string
  /** When the call was settled, in milliseconds since the epoch. */
  readonly at: number
  /** Digest of the files of the context at the time of the call. */
  readonly files: string
  readonly outcome: ToolOutcome
}

type TurnEnd = EventOf<"TurnCompleted" | "TurnFailed" | "TurnInterrupted">

/** What the model has received besides the conversation, as digests. */
interface Shown {
  readonly files: Digests
  readonly slots: Digests
  readonly pinned: string
}
const nothing: Shown = { files: {}, slots: {}, pinned: "" }

/** The usage that the provider reported for the last completed turn, and the length of the history at that time. */
export interface Reported {
  readonly tokens: number
  /** The number of messages that `tokens` covers, including the response. */
  readonly messages: number
}

/** Older logs do not record who wrote a pinned text; it then counts as `outside`. */
const pinOf = ({ kind, provenance = "outside", text }: EventOf<"Pinned">): Pin => ({ kind, text, provenance })

/** The pinned texts after an event. */
export const pinsAfter = (pins: ReadonlyArray<Pin>, event: LogEntry["event"]): ReadonlyArray<Pin> => {
  if (event._tag === "Pinned") return [...pins, pinOf(event)]
  return event._tag === "Unpinned" ? pins.filter(({ text }) => text !== event.text) : pins
}

const unused = { tokens: 0, cost: 0, unpricedTokens: 0 }

/**
 * The coordinator's view of a session: a fold of its log with constant work per event. After `RoundsUndone` and
 * `RoundsRedone`, the state has to be loaded from the whole log again.
 */
export class SessionState {
  head = 0
  /** The latest round, open or closed. */
  round: RoundFold | undefined
  /** The context of the latest round, once it is built. */
  context: EventOf<"ContextBuilt"> | undefined
  /** The current baseline, once there is one. */
  baseline: Baseline | undefined
  /** The manifest of the baseline. */
  stable: ReadonlyArray<Segment> = []
  /** Whether the next round gets a new baseline even if nothing has changed. */
  refresh = false
  shown = nothing
  /** `shown` at the model's last response. Content of a rejected request is not sent again, so `shown` is reset to this. */
  private accepted = nothing
  private rejected = false
  /** The open turn, if it is not part of the conversation (a summary). */
  private aside: TurnId | undefined
  reported: Reported | undefined
  readonly history = new MessageFold()
  readonly thinking = new BoundThinking()
  readonly requests = new Map<RequestId, RoundId>()
  /** The last successful value of each slot. */
  readonly slots = new Map<string, SlotMemory>()
  private readonly slotCalls = new Map<CallId, EventOf<"ContextCallRequested">>()
  pins: ReadonlyArray<Pin> = []
  /** The number of compactions that are in effect. */
  compactions = 0
  /** The first user message of the session. */
  goal: EventOf<"RoundStarted">["request"] | undefined
  /**
   * The totals of all ended turns of all rounds, including failed and undone ones: tokens of all kinds, US dollars where
   * the price is known, and the tokens whose price is not known. A fork begins with nothing.
   */
  spent = unused
  /** The rounds that are in effect, oldest first. */
  readonly inEffect: Array<RoundId> = []
  /** The rounds that a redo would bring back. */
  redoable: ReadonlyArray<RoundId> | undefined
  /** What was chosen for the session. */
  settings: SessionSettings = {}
  /** The tools that a person has allowed for the session. A fork is another session. */
  readonly allowedTools = new Set<string>()
  private rounds = 0

  /** The state after a whole log, or after the beginning of one. */
  static of(entries: ReadonlyArray<LogEntry>): SessionState {
    const state = new SessionState()
    const { includes, redoable } = UndoneRounds.of(entries)
    for (const entry of entries) {
      if (includes(entry)) state.push(entry)
      else state.account(entry)
    }
    state.redoable = redoable
    return state
  }

  /** Replaces this state by that after a whole log. */
  load(entries: ReadonlyArray<LogEntry>): void {
    Object.assign(this, SessionState.of(entries))
  }

  get nextRoundId(): RoundId {
    return roundId(this.rounds + 1)
  }

  /** Counts what stays true of a round that is undone: its id is used, its request was handled, and it had its cost. */
  private account({ event, seq }: LogEntry): void {
    this.head = seq
    if (event._tag === "RoundStarted") {
      this.rounds++
      if (event.requestId !== undefined) this.requests.set(event.requestId, event.roundId)
    } else if (endsTurn(event)) this.spend(event)
  }

  /** Adds the next event, which must be in effect. The cost does not depend on the length of the history. */
  push(entry: LogEntry): void {
    const { event } = entry
    this.head = entry.seq
    this.history.push(entry)
    if (event._tag !== "RoundStarted") this.round?.push(entry)
    switch (event._tag) {
      case "RoundStarted":
        return this.startRound(event, entry.at)
      case "MessageDelivered":
        if (event.requestId !== undefined) this.requests.set(event.requestId, event.roundId)
        return
      case "ContextCallRequested":
        return void this.slotCalls.set(event.callId, event)
      case "ContextBuilt":
        return this.build(event)
      case "ContextCompacted":
        return this.compact(event)
      case "CompactionUndone":
        this.redoable = undefined
        return this.undoCompaction()
      case "RefreshRequested":
        this.refresh = true
        return
      case "Pinned":
      case "Unpinned":
        this.pins = pinsAfter(this.pins, event)
        return
      case "Forked":
        this.spent = unused
        this.allowedTools.clear()
        return
      case "SettingsChosen":
        this.settings = event.settings
        return
      case "QuestionAnswered":
        return this.allow(event)
      case "TurnStarted":
        return this.startTurn(event)
      case "TurnCompleted":
      case "TurnFailed":
      case "TurnInterrupted":
        return this.endTurn(event)
      case "ToolSettled":
        return this.settleSlot(event, entry.at)
      case "RoundFailed":
        if (isTooLarge(event.failure)) this.rejected = true
        return this.endRound()
      case "RoundCompleted":
      case "RoundCancelled":
        return this.endRound()
      case "TurnDelta":
      case "RetryScheduled":
      case "OutputRejected":
      case "QuestionAsked":
      case "ToolDecided":
      case "ToolStarted":
        // The fold of the round has what there is to know of them.
        return
      case "RoundsUndone":
      case "RoundsRedone":
        // `load` reads them.
        return
    }
  }

  private allow({ answer, questionId }: EventOf<"QuestionAnswered">): void {
    const subject = this.round?.question(questionId)?.subject
    if (subject?._tag === "Approval" && "allowed" in answer && answer.allowed && answer.scope !== "once")
      this.allowedTools.add(subject.tool.name)
  }

  private startRound(event: EventOf<"RoundStarted">, at: number): void {
    this.rounds++
    this.inEffect.push(event.roundId)
    this.redoable = undefined
    this.round = new RoundFold(event, at)
    this.context = undefined
    if (event.requestId !== undefined) this.requests.set(event.requestId, event.roundId)
    if (event.purpose === undefined) this.goal ??= event.request
  }

  private endRound(): void {
    if (!this.rejected) return
    this.rejected = false
    this.shown = this.accepted
  }

  private startTurn(event: EventOf<"TurnStarted">): void {
    this.aside = event.purpose === undefined ? undefined : event.turnId
    if (event.thinking === "dropped") this.rejected = false
    if (event.purpose === undefined) this.thinking.started(event, this.baseline)
  }

  private spend(event: TurnEnd): number {
    const { cost, tokens, unpricedTokens } = this.spent
    const took = Usage.total(event.usage)
    this.spent = {
      tokens: tokens + took,
      cost: cost + (event.cost ?? 0),
      unpricedTokens: unpricedTokens + (event.cost === undefined ? took : 0)
    }
    return took
  }

  private endTurn(event: TurnEnd): void {
    const took = this.spend(event)
    if (event.turnId === this.aside) return
    if (event._tag === "TurnFailed" && isRejection(event.failure)) this.rejected = true
    if (event._tag !== "TurnCompleted") return
    this.thinking.completed(event)
    this.accepted = this.shown
    this.reported = { tokens: took, messages: this.history.length }
  }

  /** The values of slots that the compaction had added are removed with it. */
  private undoCompaction(): void {
    this.thinking.changed()
    this.compactions = Math.max(0, this.compactions - 1)
    this.shown = { ...this.shown, slots: {} }
    this.accepted = this.shown
    this.reported = undefined
  }

  private build(event: EventOf<"ContextBuilt">): void {
    this.context = event
    if (event.baseline !== undefined) {
      if (this.baseline !== undefined) this.thinking.changed()
      this.rebase(event.baseline, event.manifest)
    }
    const { files, pinned, slots } = this.shown
    this.shown = {
      files: { ...files, ...event.files },
      slots: { ...slots, ...event.slots },
      pinned: event.pinned ?? pinned
    }
  }

  private compact(event: EventOf<"ContextCompacted">): void {
    this.compactions++
    this.thinking.changed()
    this.rejected = false
    this.reported = undefined
    if (event.baseline === undefined) return
    this.rebase(event.baseline, event.manifest)
    this.shown = { ...this.shown, slots: event.slots }
    this.accepted = this.shown
  }

  /** A new baseline removes files and values of slots from earlier messages. */
  private rebase(baseline: Baseline, manifest: ReadonlyArray<Segment>): void {
    this.baseline = baseline
    this.refresh = false
    this.stable = manifest.filter(({ part }) => part === "tools" || part === "system")
    this.reported = undefined
    this.shown = { ...this.shown, files: baseline.files, slots: {} }
    this.accepted = this.shown
  }

  private settleSlot(event: EventOf<"ToolSettled">, at: number): void {
    const call = this.slotCalls.get(event.callId)
    if (call === undefined) return
    this.slotCalls.delete(event.callId)
    if (event.outcome._tag !== "Succeeded") return
    const { input, name, roundId, slot } = call
    this.slots.set(slot, { roundId, tool: name, input, at, files: call.files ?? "", outcome: event.outcome })
  }
}
