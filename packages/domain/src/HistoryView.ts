import { type Block, text, textOf, type ToolResult, type UserBlock } from "./Content.ts"
import type { CallId } from "./Ids.ts"
import type { Message } from "./Message.ts"
import type { EventOf } from "./SessionEvent.ts"

/** Replaces the content of a result that compaction removed. Later requests contain this text, so it must never change. */
const short = (result: ToolResult): ToolResult => ({
  ...result,
  content: [
    text(
      `(The result is left out to save space; it had ${textOf(result.content).length} characters` +
        `${result.content.some(({ _tag }) => _tag !== "Text") ? " and more than text" : ""}. Call the tool again if it matters.)`
    )
  ]
})

/** Called with a result and the text of Parley that replaces it; returns the replacement. */
type Replace = (result: ToolResult, instead: ToolResult) => ToolResult

/**
 * The part of a history that requests contain after compactions. The history itself stays complete, so that a compaction
 * can be undone. Without a compaction, a view has no cost.
 */
export class HistoryView {
  private readonly from: number
  private readonly head: ReadonlyArray<UserBlock>
  private readonly pruned: ReadonlySet<CallId>
  private readonly shortened = new WeakMap<Message, Message>()
  private readonly joined = new WeakMap<Message, Message>()
  readonly before: HistoryView | undefined

  private constructor(
    from: number,
    head: ReadonlyArray<UserBlock>,
    pruned: ReadonlySet<CallId>,
    before: HistoryView | undefined
  ) {
    this.from = from
    this.head = head
    this.pruned = pruned
    this.before = before
  }

  static readonly all = new HistoryView(0, [], new Set(), undefined)

  /** The view after a compaction of a history of `length` messages. */
  compacted(event: EventOf<"ContextCompacted">, length: number): HistoryView {
    const pruned = new Set([...this.pruned, ...event.pruned])
    return event.baseline === undefined
      ? new HistoryView(this.from, this.head, pruned, this)
      : new HistoryView(Math.max(0, length - event.kept), event.head, pruned, this)
  }

  /** This view, and all views before it, with only those blocks in the head for which `stays` holds. */
  withHead(stays: (block: Block) => boolean): HistoryView {
    if (this === HistoryView.all) return this
    return new HistoryView(this.from, this.head.filter(stays), this.pruned, this.before?.withHead(stays))
  }

  /**
   * The messages that requests contain. The same message always gives the same object, so that callers may cache by
   * identity.
   */
  of(history: ReadonlyArray<Message>, replace: Replace): ReadonlyArray<Message> {
    if (this === HistoryView.all) return history.slice()
    const [first, ...rest] = history.slice(this.from).map((message) => this.shorten(message, replace))
    const { head } = this
    if (head.length === 0) return first === undefined ? [] : [first, ...rest]
    if (first === undefined) return [{ role: "user", content: head }]
    return first.role === "user" ? [this.join(first), ...rest] : [{ role: "user", content: head }, first, ...rest]
  }

  private join(message: Message): Message {
    const known = this.joined.get(message)
    if (known !== undefined) return known
    const joined: Message = { role: "user", content: [...this.head, ...message.content] }
    this.joined.set(message, joined)
    return joined
  }

  private shorten(message: Message, replace: Replace): Message {
    const isPruned = (block: Block): block is ToolResult => block._tag === "ToolResult" && this.pruned.has(block.callId)
    if (this.pruned.size === 0 || !message.content.some(isPruned)) return message
    const known = this.shortened.get(message)
    if (known !== undefined) return known
    const content = message.content.map((block) => (isPruned(block) ? replace(block, short(block)) : block))
    const shortened = { ...message, content }
    this.shortened.set(message, shortened)
    return shortened
  }
}
