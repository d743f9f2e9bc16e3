import type { Block } from "@parley/domain/Content"
import type { RoundId } from "@parley/domain/Ids"
import type { Message } from "@parley/domain/Message"
import { format, type ModelRef } from "@parley/domain/ModelRef"
import type { Baseline, EventOf } from "@parley/domain/SessionEvent"

/** The conditions under which a provider accepts thinking back. If one differs, it rejects every request with the block. */
interface Binding {
  readonly endpoint: string | undefined
  readonly model: string
  /** How often what precedes the end of the conversation had changed. */
  readonly prefix: number
  readonly system: string
  readonly key: string
  /** The tool by which the answer is given. Like every tool, it precedes the conversation. */
  readonly outputTool: string | undefined
  /** How often thinking had been dropped when the block was produced. */
  readonly dropped: number
}

/** Whether a block is thinking of the model, readable or redacted. */
export const isThinking = (block: Block): boolean =>
  block._tag === "Thinking" || (block._tag === "Opaque" && block.kind === "redacted_thinking")

/**
 * Which thinking a request contains: what fits its place, none, or what earlier versions sent. They compared the system
 * prompts and ignored changes of messages; turns of their logs have no `prefix`.
 */
export type ThinkingRule = "fitting" | "none" | "earlier"

/** Older logs do not record the endpoint; an unknown endpoint is assumed to be the same one. */
const fits = (one: Binding, other: Binding, rule: ThinkingRule): boolean =>
  (one.endpoint === undefined || other.endpoint === undefined || one.endpoint === other.endpoint) &&
  one.model === other.model &&
  one.dropped === other.dropped &&
  one.outputTool === other.outputTool &&
  (rule === "earlier" ? one.key === other.key && one.system === other.system : one.prefix === other.prefix)

/** Rounds may have different schemas, so the tool for the answer is another one in each. */
const toolOf = (outputTool: string | undefined, roundId: RoundId | undefined): string | undefined =>
  outputTool === undefined ? undefined : `${roundId ?? ""} ${outputTool}`

/**
 * Tracks where thinking was produced. It is sent back only to the same model at the same endpoint, and only while all that
 * precedes it is unchanged. Changes are counted, so that nothing of the history has to be hashed.
 */
export class BoundThinking {
  private readonly bindings = new WeakMap<Block, Binding>()
  private readonly blocks = new WeakMap<Message, ReadonlyArray<Block>>()
  private readonly reduced = new WeakMap<Message, Message>()
  private dropped = 0
  private changes = 0
  private open: Binding | undefined

  /** How often what precedes the end of the conversation has changed. */
  get prefix(): number {
    return this.changes
  }

  /** What precedes the end of the conversation has changed: there is a new baseline, or earlier messages were replaced. */
  changed(): void {
    this.changes++
  }

  started(
    { endpoint, model, outputTool, roundId, thinking }: EventOf<"TurnStarted">,
    baseline: Baseline | undefined
  ): void {
    if (thinking === "dropped") this.dropped++
    this.open = this.binding(endpoint, model, baseline, toolOf(outputTool, roundId))
  }

  completed({ content }: EventOf<"TurnCompleted">): void {
    const { open } = this
    if (open !== undefined) for (const block of content) if (isThinking(block)) this.bindings.set(block, open)
  }

  private binding(
    endpoint: string | undefined,
    model: ModelRef,
    baseline: Baseline | undefined,
    outputTool: string | undefined
  ): Binding {
    const { key = "", system = "" } = baseline ?? {}
    return { endpoint, model: format(model), prefix: this.changes, system, key, outputTool, dropped: this.dropped }
  }

  /**
   * The messages with only the thinking that a request to this model may contain. A message gives the same object again as
   * long as the same thinking is kept.
   */
  in(
    messages: ReadonlyArray<Message>,
    to: {
      readonly endpoint?: string
      readonly ref: ModelRef
      readonly outputTool?: string | undefined
      readonly roundId?: RoundId | undefined
    },
    baseline: Baseline | undefined,
    rule: ThinkingRule
  ): ReadonlyArray<Message> {
    const now = this.binding(to.endpoint, to.ref, baseline, toolOf(to.outputTool, to.roundId))
    const stays = (block: Block): boolean => {
      const binding = this.bindings.get(block)
      return rule !== "none" && (binding === undefined || fits(binding, now, rule))
    }
    if (messages.every((message) => this.within(message).every(stays))) return messages
    const kept: Array<Message> = []
    for (const message of messages) {
      const reduced = this.without(message, stays)
      const { content, role } = reduced
      const last = kept.at(-1)
      // A response that consisted only of thinking is gone, so the messages around it have the same role and are joined.
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
