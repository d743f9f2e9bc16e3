import { type CallId, type RequestId, type RoundId, roundId, type TurnId } from "@parley/domain/Ids"
import type { Segment } from "@parley/domain/ContextManifest"
import { MessageFold } from "@parley/domain/MessageFold"
import { isRejection, isTooLarge } from "@parley/domain/ModelError"
import { type Baseline, endsRound, endsTurn, type EventOf, type LogEntry } from "@parley/domain/SessionEvent"
import { RoundFold } from "@parley/domain/SessionFold"
import type { ToolOutcome } from "@parley/domain/Tool"
import * as Usage from "@parley/domain/Usage"
import type { Pin } from "@parley/prompt/Pins"
import type { Digests } from "@parley/prompt/Part"
import { BoundThinking } from "./BoundThinking.ts"

/** What a slot of dynamic context last resolved to. */
export interface SlotMemory {
  readonly roundId: RoundId
  /** The call: tool and input. A slot that asks for something else has no value yet. */
  readonly tool: string
  readonly input: string
  /** When it was settled, in milliseconds since the epoch. */
  readonly at: number
  /** Digest of the files of the context when it was asked. */
  readonly files: string
  readonly outcome: ToolOutcome
}

/** What the model has been shown beside the conversation. */
interface Shown {
  readonly files: Digests
  readonly slots: Digests
  readonly pinned: string
}
const nothing: Shown = { files: {}, slots: {}, pinned: "" }

/** What the provider said of the last request that it answered, and what the history was then. */
export interface Reported {
  readonly tokens: number
  /** How many messages it covers, the answer included. */
  readonly messages: number
}

/** A pin that was stored before provenance was may be anybody's words. */
const pinOf = ({ kind, provenance = "outside", text }: EventOf<"Pinned">): Pin => ({ kind, text, provenance })

/** What the coordinator knows of a session: a fold of its log that costs constant work per event. */
export class SessionState {
  head = 0
  /** The latest round, open or closed. */
  round: RoundFold | undefined
  /** The round part of the latest round, once it is built. */
  context: EventOf<"ContextBuilt"> | undefined
  /** The stable part of requests, once there is one. */
  baseline: Baseline | undefined
  /** Where that comes from. */
  stable: ReadonlyArray<Segment> = []
  /** The next round has a new one, whatever has changed. */
  refresh = false
  shown = nothing
  /** The same when the model last answered: what was shown with a request that it rejected will not be sent again. */
  private accepted = nothing
  private rejected = false
  /** The open turn, if it is not part of the conversation. */
  private aside: TurnId | undefined
  reported: Reported | undefined
  readonly history = new MessageFold()
  readonly thinking = new BoundThinking()
  readonly requests = new Map<RequestId, RoundId>()
  /** By slot: its last value, if it ever had one. */
  readonly slots = new Map<string, SlotMemory>()
  private readonly slotCalls = new Map<CallId, EventOf<"ContextCallRequested">>()
  pins: ReadonlyArray<Pin> = []
  /** How many compactions count. */
  compactions = 0
  /** What the user said first. */
  goal: EventOf<"RoundStarted">["request"] | undefined
  /**
   * What all ended turns of all rounds took, failed ones included: tokens of all kinds, dollars where known, and the
   * tokens whose price was not.
   */
  spent = { tokens: 0, cost: 0, unpricedTokens: 0 }
  private rounds = 0

  get nextRoundId(): RoundId {
    return roundId(this.rounds + 1)
  }

  push(entry: LogEntry): void {
    const { event } = entry
    this.head = entry.seq
    this.history.push(entry)
    if (event._tag === "RoundStarted") {
      this.rounds++
      this.round = new RoundFold(event, entry.at)
      this.context = undefined
      if (event.requestId !== undefined) this.requests.set(event.requestId, event.roundId)
      if (event.purpose === undefined) this.goal ??= event.request
      return
    }
    this.round?.push(entry)
    this.turn(event)
    this.slot(entry)
    this.pin(event)
    if (event._tag === "ContextBuilt") this.build(event)
    if (event._tag === "ContextCompacted") this.compact(event)
    if (event._tag === "RefreshRequested") this.refresh = true
    if (event._tag === "CompactionUndone") {
      this.compactions = Math.max(0, this.compactions - 1)
      // What was said again with the compaction is gone with it.
      this.shown = { ...this.shown, slots: {} }
      this.accepted = this.shown
      this.reported = undefined
    }
    if (event._tag === "RoundFailed" && isTooLarge(event.failure)) this.rejected = true
    if (endsRound(event) && this.rejected) {
      this.rejected = false
      this.shown = this.accepted
    }
  }

  private turn(event: LogEntry["event"]): void {
    if (event._tag === "TurnStarted") {
      this.aside = event.purpose === undefined ? undefined : event.turnId
      if (event.thinking === "dropped") this.rejected = false
      if (event.purpose === undefined) this.thinking.started(event, this.baseline)
    }
    if (!endsTurn(event)) return
    const { cost, tokens, unpricedTokens } = this.spent
    const took = Usage.total(event.usage)
    this.spent = {
      tokens: tokens + took,
      cost: cost + (event.cost ?? 0),
      unpricedTokens: unpricedTokens + (event.cost === undefined ? took : 0)
    }
    if (event.turnId === this.aside) return
    if (event._tag === "TurnFailed" && isRejection(event.failure)) this.rejected = true
    if (event._tag !== "TurnCompleted") return
    this.thinking.completed(event)
    this.accepted = this.shown
    this.reported = { tokens: Usage.total(event.usage), messages: this.history.length }
  }

  private build(event: EventOf<"ContextBuilt">): void {
    this.context = event
    if (event.baseline !== undefined) this.rebase(event.baseline, event.manifest)
    const { files, pinned, slots } = this.shown
    this.shown = {
      files: { ...files, ...event.files },
      slots: { ...slots, ...event.slots },
      pinned: event.pinned ?? pinned
    }
  }

  private compact(event: EventOf<"ContextCompacted">): void {
    this.compactions++
    this.rejected = false
    this.reported = undefined
    if (event.baseline === undefined) return
    this.rebase(event.baseline, event.manifest)
    this.shown = { ...this.shown, slots: event.slots }
    this.accepted = this.shown
  }

  /** Files and dynamic context of earlier messages vanish with a new baseline. */
  private rebase(baseline: Baseline, manifest: ReadonlyArray<Segment>): void {
    this.baseline = baseline
    this.refresh = false
    this.stable = manifest.filter(({ part }) => part === "tools" || part === "system")
    this.reported = undefined
    this.shown = { ...this.shown, files: baseline.files, slots: {} }
    this.accepted = this.shown
  }

  private slot({ at, event }: LogEntry): void {
    if (event._tag === "ContextCallRequested") this.slotCalls.set(event.callId, event)
    if (event._tag !== "ToolSettled") return
    const call = this.slotCalls.get(event.callId)
    if (call === undefined) return
    this.slotCalls.delete(event.callId)
    if (event.outcome._tag !== "Succeeded") return
    const { input, name, roundId, slot } = call
    this.slots.set(slot, { roundId, tool: name, input, at, files: call.files ?? "", outcome: event.outcome })
  }

  private pin(event: LogEntry["event"]): void {
    if (event._tag === "Pinned") this.pins = [...this.pins, pinOf(event)]
    if (event._tag === "Unpinned") this.pins = this.pins.filter(({ text }) => text !== event.text)
  }
}
