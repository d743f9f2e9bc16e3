import { type Block, text, type ToolCall, type ToolResult } from "./Content.ts"
import { isSuperseded, ofBlocks, provenanceOf } from "./ContextManifest.ts"
import { HistoryView } from "./HistoryView.ts"
import type { CallId, RoundId, TurnId } from "./Ids.ts"
import { type Message, sendable } from "./Message.ts"
import { isRejection, isTooLarge } from "./ModelError.ts"
import { type Origin, Origins } from "./Origins.ts"
import type { EventOf, LogEntry } from "./SessionEvent.ts"
import { Taint } from "./Taint.ts"
import { toResult, type ToolOutcome } from "./Tool.ts"

const withoutContent = (result: ToolResult): ToolResult => ({
  ...result,
  content: [text("The result is left out: the request that held it was rejected.")]
})

const notSettled: ToolOutcome = { _tag: "Unknown", reason: "the log holds no result" }
const emptyMessage = "(an empty message)"

/**
 * Folds the log into messages. Only completed turns appear, and nothing that a provider has rejected. A new baseline takes
 * files and dynamic context out of what was said before it. Constant work per event but for a baseline or a compaction, and
 * a message object, once followed by another, is replaced by these alone: whoever serialises messages may cache by identity.
 */
export class MessageFold {
  private done: Array<Message> = []
  private view = HistoryView.all
  private roundId: RoundId | undefined
  private request: EventOf<"RoundStarted"> | undefined
  private calls: ReadonlyArray<ToolCall> = []
  /** Where the latest round's own message is. */
  private asked = 0
  /** How many messages were there when the model last answered. */
  private answered = 0
  /** The open turn, if it is not part of the conversation. */
  private aside: TurnId | undefined
  /** The round's last turn was rejected for what it said. */
  private rejected = false
  private outcomes = new Map<CallId, ToolOutcome>()
  /** Calls that may have brought something back. */
  private started = new Set<CallId>()
  private taint: Taint
  /** Blocks of round parts that the next baseline supersedes. */
  private readonly superseded: WeakSet<Block>
  readonly origins: Origins

  constructor(origins = new Origins(), superseded = new WeakSet<Block>()) {
    this.origins = origins
    this.taint = new Taint(origins)
    this.superseded = superseded
  }

  push({ event }: LogEntry): void {
    switch (event._tag) {
      case "RoundStarted":
        this.roundId = event.roundId
        this.request = event.purpose === undefined ? event : undefined
        return
      case "ContextBuilt":
        this.taint.rebase(event)
        if (event.baseline !== undefined) this.supersede()
        return this.ask(event)
      case "TurnStarted":
        this.aside = event.purpose === undefined ? undefined : event.turnId
        // What was refused was the thinking: nothing that was said is taken back.
        if (event.thinking === "dropped") this.rejected = false
        if (event.purpose === undefined) this.taint.turn = this.tainted
        return
      case "TurnCompleted":
        return event.turnId === this.aside ? undefined : this.complete(event)
      case "TurnFailed":
        if (event.turnId !== this.aside && isRejection(event.failure)) this.rejected = true
        return
      case "ContextCompacted":
        this.rejected = false
        this.taint.rebase(event)
        if (event.baseline !== undefined) this.supersede()
        this.noteParts(event.head, event)
        this.look(this.view.compacted(event, this.done.length))
        return
      case "CompactionUndone":
        this.look(this.view.before ?? this.view)
        return
      case "ToolStarted":
        this.started.add(event.callId)
        return
      case "ToolSettled":
        this.outcomes.set(event.callId, event.outcome)
        if (this.calls.every((call) => this.outcomes.has(call.callId))) this.answer()
        return
      case "RoundCompleted":
      case "RoundFailed":
      case "RoundCancelled":
        this.ask()
        if (this.rejected || (event._tag === "RoundFailed" && isTooLarge(event.failure))) this.leaveOut()
        return this.answer()
    }
  }

  /** The messages so far. Calls that are still open are answered as unknown, so that the list is legal at any event. */
  messages(): ReadonlyArray<Message> {
    return this.settled().viewed
  }

  /** Whether the request that follows from the log so far is tainted, by its stable part or by its messages. */
  get tainted(): boolean {
    const fold = this.settled()
    return fold.taint.of(() => fold.viewed)
  }

  private settled(): MessageFold {
    if (this.calls.length === 0 && this.request === undefined) return this
    const copy = this.copy()
    copy.answer()
    copy.ask()
    return copy
  }

  private get viewed(): ReadonlyArray<Message> {
    return this.view.of(this.done, (result, instead) => this.origins.replace(result, instead))
  }

  private look(view: HistoryView): void {
    this.view = view
    this.taint.changed()
  }

  private copy(): MessageFold {
    const copy = Object.assign(new MessageFold(this.origins, this.superseded), this)
    copy.done = [...this.done]
    copy.outcomes = new Map(this.outcomes)
    copy.started = new Set(this.started)
    copy.taint = this.taint.copy()
    return copy
  }

  /** The messages as they would be after a compaction. */
  after(event: EventOf<"ContextCompacted">): ReadonlyArray<Message> {
    const copy = this.copy()
    copy.push({ seq: 0, at: 0, event })
    return copy.messages()
  }

  /** How many messages there are, as if nothing had been compacted. */
  get length(): number {
    return this.done.length
  }

  /** How many of the last messages there are from the latest round's own message on. */
  get sinceRequest(): number {
    return this.done.length - this.asked
  }

  private complete(event: EventOf<"TurnCompleted">): void {
    this.ask()
    this.answer()
    // What was said to a tainted request may hold any of it.
    this.note(event.content, { source: `answer:${event.turnId}`, provenance: this.taint.turn ? "outside" : "model" })
    this.add("assistant", event.content.filter(sendable))
    this.answered = this.done.length
    this.calls = event.content.filter((block) => block._tag === "ToolCall")
  }

  private note(blocks: ReadonlyArray<Block>, origin: Omit<Origin, "roundId">): void {
    if (this.roundId !== undefined) this.origins.note(blocks, { ...origin, roundId: this.roundId })
  }

  /** Nothing is left to be sent where something must be. */
  private empty(): Block {
    const block = text(emptyMessage)
    this.note([block], { source: "empty", why: "there is nothing else to send", provenance: "parley" })
    return block
  }

  private noteParts(blocks: ReadonlyArray<Block>, { manifest }: Pick<EventOf<"ContextBuilt">, "manifest">): void {
    const segments = ofBlocks(manifest)
    for (const [i, block] of blocks.entries()) {
      const segment = segments[i] ?? { source: "round part", why: undefined }
      if (isSuperseded(segment.source)) this.superseded.add(block)
      this.note([block], { source: segment.source, why: segment.why, provenance: provenanceOf(segment) })
    }
  }

  private ask(context?: EventOf<"ContextBuilt">): void {
    if (this.request === undefined) return
    const started = this.request
    const { request } = started
    this.request = undefined
    const roundPart = context?.roundPart ?? []
    if (context !== undefined) this.noteParts(roundPart, context)
    this.origins.noteRequest(started)
    const content = [...roundPart, ...request].filter(sendable)
    // An answer must have something before it, also where an old log has nothing.
    this.add("user", content.length === 0 ? [this.empty()] : content)
    this.asked = this.done.length - 1
  }

  private supersede(): void {
    const stays = (block: Block) => !this.superseded.has(block)
    this.look(this.view.withHead(stays))
    this.done = this.done.map((message) => {
      if (message.content.every(stays)) return message
      const content = message.content.filter(stays)
      return { ...message, content: content.length === 0 ? [this.empty()] : content }
    })
  }

  /** Takes back what was said since the model last answered. Results stay owed, so they only lose what they said. */
  private leaveOut(): void {
    this.rejected = false
    const last = this.done.at(-1)
    if (this.done.length <= this.answered || last?.role !== "user") return
    const content = last.content.flatMap((block) =>
      block._tag === "ToolResult" ? [this.origins.replace(block, withoutContent(block))] : []
    )
    this.done.length--
    this.taint.changed()
    this.add("user", content)
  }

  private answer(): void {
    const { calls } = this
    this.calls = []
    if (calls.length > 0) {
      const results = calls.map((call) => toResult(call.callId, this.outcomes.get(call.callId) ?? notSettled))
      for (const [i, result] of results.entries()) {
        const source = `result:${calls[i]?.name}:${result.callId}`
        // Of a call that never started, the result is Parley's own word that it did not run.
        this.note([result], { source, provenance: this.started.has(result.callId) ? "outside" : "parley" })
      }
      this.add("user", results)
    }
    this.outcomes.clear()
    this.started.clear()
  }

  private add(role: Message["role"], content: ReadonlyArray<Block>): void {
    if (content.length === 0) return
    this.taint.add({ content })
    const last = this.done.at(-1)
    if (last?.role === role) this.done[this.done.length - 1] = { role, content: [...last.content, ...content] }
    else this.done.push({ role, content })
  }
}

export const fromEvents = (entries: Iterable<LogEntry>): ReadonlyArray<Message> => {
  const fold = new MessageFold()
  for (const entry of entries) fold.push(entry)
  return fold.messages()
}
