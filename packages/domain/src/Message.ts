import * as Schema from "effect/Schema"
import { Block, text, type ToolCall, type ToolResult } from "./Content.ts"
import type { CallId } from "./Ids.ts"
import { isRejection } from "./ModelError.ts"
import type { EventOf, LogEntry } from "./SessionEvent.ts"
import { toResult, type ToolOutcome } from "./Tool.ts"

/** What a model is shown, in no provider's format. Roles alternate, and tool results answer the calls just before them. */
export const Message = Schema.Struct({
  role: Schema.Literals(["user", "assistant"]),
  content: Schema.Array(Block)
})
export type Message = typeof Message.Type

const withoutContent = (result: ToolResult): ToolResult => ({
  ...result,
  content: [text("The result is left out: the request that held it was rejected.")]
})

const notSettled: ToolOutcome = { _tag: "Unknown", reason: "the log holds no result" }

const emptyMessage = text("(an empty message)")

/** Whether a request may hold the block: providers reject empty text, and a block without its own bytes. */
export const sendable = (block: Block): boolean =>
  block._tag === "Text" ? block.text.trim() !== "" : "raw" in block ? block.raw !== "" : true

/**
 * Folds the log into messages. Only completed turns appear, and nothing that a provider has rejected. Constant work per event, and a message object, once followed
 * by another, is never replaced: whoever serialises messages may cache by identity.
 */
export class MessageFold {
  private readonly done: Array<Message> = []
  private request: EventOf<"RoundStarted">["request"] | undefined
  private calls: ReadonlyArray<ToolCall> = []
  /** How many messages were there when the model last answered. */
  private answered = 0
  private readonly outcomes = new Map<CallId, ToolOutcome>()

  push({ event }: LogEntry): void {
    switch (event._tag) {
      case "RoundStarted":
        this.request = event.request
        return
      case "ContextBuilt":
        return this.ask(event.roundPart)
      case "TurnCompleted":
        this.ask([])
        this.answer()
        this.add("assistant", event.content.filter(sendable))
        this.answered = this.done.length
        this.calls = event.content.filter((block) => block._tag === "ToolCall")
        return
      case "TurnFailed":
        return isRejection(event.failure) ? this.leaveOut() : undefined
      case "ToolSettled":
        this.outcomes.set(event.callId, event.outcome)
        if (this.calls.every((call) => this.outcomes.has(call.callId))) this.answer()
        return
      case "RoundCompleted":
      case "RoundFailed":
      case "RoundCancelled":
        this.ask([])
        return this.answer()
    }
  }

  /** The messages so far. Calls that are still open are answered as unknown, so that the list is legal at any event. */
  messages(): ReadonlyArray<Message> {
    if (this.calls.length === 0 && this.request === undefined) return this.done.slice()
    const copy = new MessageFold()
    copy.done.push(...this.done)
    copy.request = this.request
    copy.calls = this.calls
    copy.answered = this.answered
    for (const [id, outcome] of this.outcomes) copy.outcomes.set(id, outcome)
    copy.answer()
    copy.ask([])
    return copy.done
  }

  private ask(roundPart: EventOf<"ContextBuilt">["roundPart"]): void {
    if (this.request === undefined) return
    const request = this.request
    this.request = undefined
    const content = [...roundPart, ...request].filter(sendable)
    // An answer must have something before it, also where an old log has nothing.
    this.add("user", content.length === 0 ? [emptyMessage] : content)
  }

  /** Takes back what was said since the model last answered. Results stay owed, so they only lose what they said. */
  private leaveOut(): void {
    const last = this.done.at(-1)
    if (this.done.length <= this.answered || last?.role !== "user") return
    const content = last.content.flatMap((block) => (block._tag === "ToolResult" ? [withoutContent(block)] : []))
    this.done.length--
    this.add("user", content)
  }

  private answer(): void {
    const { calls } = this
    this.calls = []
    if (calls.length > 0)
      this.add(
        "user",
        calls.map((call) => toResult(call.callId, this.outcomes.get(call.callId) ?? notSettled))
      )
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

/**
 * The first rule of a legal request that these messages break, or undefined. Every provider we know accepts what passes:
 * a user message first, roles alternate, no empty message, each tool call answered once, at once and in call order. The
 * last word is the user's, unless the provider paused and asked to have its own answer sent back as it is.
 */
export const illegal = (
  messages: ReadonlyArray<Message>,
  options: { readonly paused: boolean } = { paused: false }
): string | undefined => {
  const seen = new Set<CallId>()
  let owed: ReadonlyArray<CallId> = []
  for (const [i, message] of messages.entries()) {
    if (message.role !== (i % 2 === 0 ? "user" : "assistant")) return `message ${i} has role ${message.role}`
    if (message.content.length === 0) return `message ${i} is empty`
    if (message.content.some((block) => !sendable(block))) return `message ${i} holds an empty block`
    const results = message.content.flatMap((block) => (block._tag === "ToolResult" ? [block.callId] : []))
    const calls = message.content.flatMap((block) => (block._tag === "ToolCall" ? [block.callId] : []))
    if (results.join() !== owed.join()) return `message ${i} answers [${results.join()}], owed [${owed.join()}]`
    if (message.content.slice(0, results.length).some((block) => block._tag !== "ToolResult"))
      return `message ${i} has other content before its tool results`
    if (message.role === "user" ? calls.length > 0 : results.length > 0)
      return `message ${i} holds the other role's blocks`
    for (const call of calls) {
      if (seen.has(call)) return `call ${call} appears twice`
      seen.add(call)
    }
    owed = calls
  }
  if (owed.length > 0) return `calls [${owed.join()}] are not answered`
  if (messages.length === 0) return "there is no message"
  if (messages.at(-1)?.role !== "user" && !options.paused) return "the last message is not the user's"
  return undefined
}
