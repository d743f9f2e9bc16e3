import { type Block, text, type ToolResult } from "./Content.ts"
import { isSuperseded, ofBlocks, provenanceOf } from "./ContextManifest.ts"
import { HistoryView } from "./HistoryView.ts"
import type { RoundId, TurnId } from "./Ids.ts"
import { type Message, sendable } from "./Message.ts"
import { isRejection, isTooLarge } from "./ModelError.ts"
import { OpenCalls } from "./OpenCalls.ts"
import { type Origin, Origins } from "./Origins.ts"
import type { EventOf, LogEntry } from "./SessionEvent.ts"
import { Taint } from "./Taint.ts"
import { inEffect } from "./UndoneRounds.ts"

const withoutContent = (result: ToolResult): ToolResult => ({
  ...result,
  content: [text("The result is left out: the request that held it was rejected.")]
})

const emptyMessage = "(an empty message)"

/**
 * Folds the log into messages. Only completed turns appear, without content that a provider rejected. A new baseline removes
 * files and dynamic context from earlier messages. Baselines and compactions aside, work per event is constant, and message
 * objects are not replaced once another message follows them, so callers that serialise messages may cache by identity.
 *
 * What was pushed cannot be taken back, so only entries that are in effect may be pushed: see `UndoneRounds.inEffect`.
 *
 * @since 0.1.0
 * @category models
 */
export class MessageFold {
  private done: Array<Message> = []
  private view = HistoryView.all
  private roundId: RoundId | undefined
  private request: EventOf<"RoundStarted"> | undefined
  private calls = new OpenCalls()
  /** Delivered messages that follow the results of calls that are still open. */
  private delivered: Array<EventOf<"MessageDelivered">> = []
  /** Index of the latest round's user message. */
  private asked = 0
  /** The number of messages when the model last responded. */
  private answered = 0
  /** The open turn, if it is not part of the conversation (a summary). */
  private aside: TurnId | undefined
  /** Whether the provider rejected the content of the round's last request. */
  private rejected = false
  private taint: Taint
  /** Blocks of round parts that the next baseline supersedes. */
  private readonly superseded: WeakSet<Block>
  readonly origins: Origins

  constructor(origins = new Origins(), superseded = new WeakSet<Block>()) {
    this.origins = origins
    this.taint = new Taint(origins)
    this.superseded = superseded
  }

  /** Adds the next event of the log. */
  push({ event }: LogEntry): void {
    switch (event._tag) {
      case "RoundStarted":
        this.roundId = event.roundId
        this.request = event.purpose === undefined ? event : undefined
        return
      case "MessageDelivered":
        this.ask()
        this.delivered.push(event)
        if (this.calls.isEmpty) this.deliver()
        return
      case "ContextBuilt":
        this.taint.rebase(event)
        if (event.baseline !== undefined) this.supersede()
        return this.ask(event)
      case "TurnStarted":
        this.aside = event.purpose === undefined ? undefined : event.turnId
        // The provider rejected only the thinking, so the messages stay as they are.
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
      case "OutputRejected":
        return this.reject(event)
      case "ToolStarted":
        return this.calls.start(event.callId)
      case "ToolSettled":
        this.calls.settle(event.callId, event.outcome)
        if (this.calls.isSettled) this.answer()
        return
      case "RoundCompleted":
      case "RoundFailed":
      case "RoundCancelled":
        this.ask()
        if (this.rejected || (event._tag === "RoundFailed" && isTooLarge(event.failure))) this.leaveOut()
        return this.answer()
    }
  }

  /** The messages so far. Open calls have the outcome `Unknown`, so that the list is valid after any event. */
  messages(): ReadonlyArray<Message> {
    return this.settled().viewed
  }

  /** Whether the request that follows from the log so far is tainted, by its baseline or by its messages. */
  get tainted(): boolean {
    const fold = this.settled()
    return fold.taint.of(() => fold.viewed)
  }

  /** Whether the request of the latest turn was tainted. */
  get turnTainted(): boolean {
    return this.taint.turn
  }

  private settled(): MessageFold {
    if (this.calls.isEmpty && this.request === undefined) return this
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
    copy.calls = this.calls.copy()
    copy.delivered = [...this.delivered]
    copy.taint = this.taint.copy()
    return copy
  }

  /** The messages as they would be after a compaction. */
  after(event: EventOf<"ContextCompacted">): ReadonlyArray<Message> {
    const copy = this.copy()
    copy.push({ seq: 0, at: 0, event })
    return copy.messages()
  }

  /** The number of messages, as if nothing had been compacted. */
  get length(): number {
    return this.done.length
  }

  /** The number of messages from the latest round's user message to the end, including both. */
  get sinceRequest(): number {
    return this.done.length - this.asked
  }

  private complete(event: EventOf<"TurnCompleted">): void {
    this.ask()
    this.answer()
    // The response to a tainted request may repeat any of its content.
    this.note(event.content, { source: `answer:${event.turnId}`, provenance: this.taint.turn ? "outside" : "model" })
    this.add("assistant", event.content.filter(sendable))
    this.answered = this.done.length
    this.calls.open(event.content.filter((block) => block._tag === "ToolCall"))
  }

  private reject({ message }: EventOf<"OutputRejected">): void {
    if (message === undefined) return
    const block = text(message)
    const provenance = this.taint.turn ? "outside" : "parley"
    this.note([block], { source: "output-schema", why: "the answer did not follow the output schema", provenance })
    this.add("user", [block])
  }

  private note(blocks: ReadonlyArray<Block>, origin: Omit<Origin, "roundId">): void {
    if (this.roundId !== undefined) this.origins.note(blocks, { ...origin, roundId: this.roundId })
  }

  /** A placeholder for a message that must exist but has no content left. */
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
    // A response must follow a user message, also in old logs with an empty message.
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

  /** Removes what was added since the model's last response. Calls need results, so results only lose their content. */
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
    const closed = this.calls.close()
    for (const { origin, result } of closed) this.note([result], origin)
    this.add(
      "user",
      closed.map(({ result }) => result)
    )
    this.deliver()
  }

  private deliver(): void {
    for (const event of this.delivered.splice(0)) {
      this.origins.noteDelivered(event)
      this.add("user", event.request.filter(sendable))
    }
  }

  private add(role: Message["role"], content: ReadonlyArray<Block>): void {
    if (content.length === 0) return
    this.taint.add({ content })
    const last = this.done.at(-1)
    if (last?.role === role) this.done[this.done.length - 1] = { role, content: [...last.content, ...content] }
    else this.done.push({ role, content })
  }
}

/**
 * The messages of a whole log. See `MessageFold`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromEvents = (entries: Iterable<LogEntry>): ReadonlyArray<Message> => {
  const fold = new MessageFold()
  for (const entry of inEffect(Array.from(entries))) fold.push(entry)
  return fold.messages()
}
