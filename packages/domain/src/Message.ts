import * as Schema from "effect/Schema"
import { Block } from "./Content.ts"
import type { CallId } from "./Ids.ts"

/** What a model is shown, in no provider's format. Roles alternate, and tool results answer the calls just before them. */
export const Message = Schema.Struct({
  role: Schema.Literals(["user", "assistant"]),
  content: Schema.Array(Block)
})
export type Message = typeof Message.Type

/** Whether a request may hold the block: providers reject empty text, and a block without its own bytes. */
export const sendable = (block: Block): boolean =>
  block._tag === "Text" ? block.text.trim() !== "" : "raw" in block ? block.raw !== "" : true

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
