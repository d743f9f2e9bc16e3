import { type Block, text, type ToolCall, type ToolResult } from "./Content.ts"
import { isSuperseded, ofBlocks } from "./ContextManifest.ts"
import { HistoryView } from "./HistoryView.ts"
import type { CallId, RoundId, TurnId } from "./Ids.ts"
import { type Message, sendable } from "./Message.ts"
import { isRejection, isTooLarge } from "./ModelError.ts"
import type { EventOf, LogEntry } from "./SessionEvent.ts"
import { toResult, type ToolOutcome } from "./Tool.ts"

const withoutContent = (result: ToolResult): ToolResult => ({
  ...result,
  content: [text("The result is left out: the request that held it was rejected.")]
})

const notSettled: ToolOutcome = { _tag: "Unknown", reason: "the log holds no result" }

const emptyMessage = text("(an empty message)")

/** Where a block of a history comes from. */
export interface Origin {
  /** Such as `file:a.md`, `request`, `answer:r2t1` or `result:fs_read:r2t1c1`. */
  readonly source: string
  readonly roundId: RoundId
  readonly why?: string | undefined
}
export type Origins = WeakMap<Block, Origin>

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
  /** Blocks of round parts that the next baseline supersedes. */
  private readonly superseded: WeakSet<Block>
  private readonly origins: Origins | undefined

  constructor(origins?: Origins, superseded = new WeakSet<Block>()) {
    this.origins = origins
    this.superseded = superseded
  }

  push({ event }: LogEntry): void {
    switch (event._tag) {
      case "RoundStarted":
        this.roundId = event.roundId
        this.request = event.purpose === undefined ? event : undefined
        return
      case "ContextBuilt":
        if (event.baseline !== undefined) this.supersede()
        return this.ask(event)
      case "TurnStarted":
        this.aside = event.purpose === undefined ? undefined : event.turnId
        return
      case "TurnCompleted":
        return event.turnId === this.aside ? undefined : this.complete(event)
      case "TurnFailed":
        if (event.turnId !== this.aside && isRejection(event.failure)) this.rejected = true
        return
      case "ContextCompacted":
        this.rejected = false
        if (event.baseline !== undefined) this.supersede()
        this.noteParts(event.head, event)
        this.view = this.view.compacted(event, this.done.length)
        return
      case "CompactionUndone":
        this.view = this.view.before ?? this.view
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
    if (this.calls.length === 0 && this.request === undefined) return this.view.of(this.done)
    const copy = this.copy()
    copy.answer()
    copy.ask()
    return copy.view.of(copy.done)
  }

  private copy(): MessageFold {
    const copy = new MessageFold(this.origins, this.superseded)
    copy.done = [...this.done]
    copy.view = this.view
    copy.roundId = this.roundId
    copy.request = this.request
    copy.calls = this.calls
    copy.answered = this.answered
    copy.asked = this.asked
    copy.aside = this.aside
    copy.rejected = this.rejected
    copy.outcomes = new Map(this.outcomes)
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
    this.note(event.content, `answer:${event.turnId}`)
    this.add("assistant", event.content.filter(sendable))
    this.answered = this.done.length
    this.calls = event.content.filter((block) => block._tag === "ToolCall")
  }

  private note(blocks: ReadonlyArray<Block>, source: string, why?: string): void {
    const { origins, roundId } = this
    if (origins === undefined || roundId === undefined) return
    for (const block of blocks) origins.set(block, { source, roundId, why })
  }

  private noteParts(blocks: ReadonlyArray<Block>, { manifest }: Pick<EventOf<"ContextBuilt">, "manifest">): void {
    const segments = ofBlocks(manifest)
    for (const [i, block] of blocks.entries()) {
      const { source, why } = segments[i] ?? { source: "round part" }
      if (isSuperseded(source)) this.superseded.add(block)
      this.note([block], source, why)
    }
  }

  private ask(context?: EventOf<"ContextBuilt">): void {
    if (this.request === undefined) return
    const { request } = this.request
    this.request = undefined
    const roundPart = context?.roundPart ?? []
    if (context !== undefined) this.noteParts(roundPart, context)
    this.note(request, "request")
    const content = [...roundPart, ...request].filter(sendable)
    // An answer must have something before it, also where an old log has nothing.
    this.add("user", content.length === 0 ? [emptyMessage] : content)
    this.asked = this.done.length - 1
  }

  private supersede(): void {
    const stays = (block: Block) => !this.superseded.has(block)
    this.view = this.view.withHead(stays)
    this.done = this.done.map((message) => {
      if (message.content.every(stays)) return message
      const content = message.content.filter(stays)
      return { ...message, content: content.length === 0 ? [emptyMessage] : content }
    })
  }

  /** Takes back what was said since the model last answered. Results stay owed, so they only lose what they said. */
  private leaveOut(): void {
    this.rejected = false
    const last = this.done.at(-1)
    if (this.done.length <= this.answered || last?.role !== "user") return
    const content = last.content.flatMap((block) => (block._tag === "ToolResult" ? [withoutContent(block)] : []))
    this.done.length--
    this.add("user", content)
  }

  private answer(): void {
    const { calls } = this
    this.calls = []
    if (calls.length > 0) {
      const results = calls.map((call) => toResult(call.callId, this.outcomes.get(call.callId) ?? notSettled))
      for (const [i, result] of results.entries()) this.note([result], `result:${calls[i]?.name}:${result.callId}`)
      this.add("user", results)
    }
    this.outcomes.clear()
  }

  private add(role: Message["role"], content: ReadonlyArray<Block>): void {
    if (content.length === 0) return
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
