import type { Block } from "@parley/domain/Content"
import type { Message } from "@parley/domain/Message"
import { format, type ModelRef } from "@parley/domain/ModelRef"
import type { Baseline, EventOf } from "@parley/domain/SessionEvent"

/** What a provider binds thinking to: with anything else in its place, it refuses every request that holds the block. */
interface Binding {
  readonly endpoint: string | undefined
  readonly model: string
  readonly system: string
  readonly key: string
  /** How often thinking had been dropped before. */
  readonly dropped: number
}

/** Whether a block is the model's own thinking, readable or not. */
export const isThinking = (block: Block): boolean =>
  block._tag === "Thinking" || (block._tag === "Opaque" && block.kind === "redacted_thinking")

/** An endpoint that older logs do not tell may be the same one. */
const fits = (one: Binding, other: Binding): boolean =>
  (one.endpoint === undefined || other.endpoint === undefined || one.endpoint === other.endpoint) &&
  one.model === other.model &&
  one.dropped === other.dropped &&
  one.key === other.key &&
  one.system === other.system

/** Follows where thinking was produced, so that it goes back only while endpoint, model and system prompt are the same. */
export class BoundThinking {
  private readonly bindings = new WeakMap<Block, Binding>()
  private readonly blocks = new WeakMap<Message, ReadonlyArray<Block>>()
  private readonly reduced = new WeakMap<Message, Message>()
  private dropped = 0
  private open: Binding | undefined

  started({ endpoint, model, thinking }: EventOf<"TurnStarted">, baseline: Baseline | undefined): void {
    if (thinking === "dropped") this.dropped++
    this.open = this.binding(endpoint, model, baseline)
  }

  completed({ content }: EventOf<"TurnCompleted">): void {
    const { open } = this
    if (open !== undefined) for (const block of content) if (isThinking(block)) this.bindings.set(block, open)
  }

  private binding(endpoint: string | undefined, model: ModelRef, baseline: Baseline | undefined): Binding {
    const { key = "", system = "" } = baseline ?? {}
    return { endpoint, model: format(model), system, key, dropped: this.dropped }
  }

  /**
   * The messages with the thinking that fits a request to this model, or with none. The same message gives the same object
   * again, for as long as the same thinking fits.
   */
  in(
    messages: ReadonlyArray<Message>,
    to: { readonly endpoint?: string; readonly ref: ModelRef },
    baseline: Baseline | undefined,
    none: boolean
  ): ReadonlyArray<Message> {
    const now = this.binding(to.endpoint, to.ref, baseline)
    const stays = (block: Block): boolean => {
      const binding = this.bindings.get(block)
      return !none && (binding === undefined || fits(binding, now))
    }
    if (messages.every((message) => this.within(message).every(stays))) return messages
    const kept: Array<Message> = []
    for (const message of messages) {
      const reduced = this.without(message, stays)
      const { content, role } = reduced
      const last = kept.at(-1)
      // What an answer of thinking alone stood between is one message now.
      if (last?.role === role) kept[kept.length - 1] = { role, content: [...last.content, ...content] }
      else if (content.length > 0) kept.push(reduced)
    }
    return kept
  }

  private within(message: Message): ReadonlyArray<Block> {
    const known = this.blocks.get(message) ?? message.content.filter(isThinking)
    this.blocks.set(message, known)
    return known
  }

  private without(message: Message, stays: (block: Block) => boolean): Message {
    if (this.within(message).every(stays)) return message
    const content = message.content.filter((block) => !isThinking(block) || stays(block))
    const before = this.reduced.get(message)
    if (before?.content.length === content.length && before.content.every((block, i) => block === content[i]))
      return before
    const reduced = { ...message, content }
    this.reduced.set(message, reduced)
    return reduced
  }
}
