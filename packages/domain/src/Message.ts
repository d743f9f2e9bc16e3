import * as Schema from "effect/Schema"
import { Block } from "./Content.ts"
import type { CallId } from "./Ids.ts"

/**
 * One message of a request, in a provider-neutral form. Roles alternate, and tool results directly follow their calls.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Message = Schema.Struct({
  role: Schema.Literals(["user", "assistant"]),
  content: Schema.Array(Block)
})
export type Message = typeof Message.Type

/**
 * Whether a request may contain the block: providers reject empty text and empty provider-specific blocks.
 *
 * @since 0.1.0
 * @category functions
 */
export const sendable = (block: Block): boolean =>
  block._tag === "Text" ? block.text.trim() !== "" : "raw" in block ? block.raw !== "" : true

/**
 * The first rule of a valid request that these messages break, or `undefined`. All known providers accept messages that
 * pass: the first message is the user's, roles alternate, no message is empty, and each tool call has exactly one result,
 * in the next message and in the order of the calls. The last message is the user's, unless the provider paused its turn
 * (`paused`) and expects its own partial response back unchanged.
 *
 * @since 0.1.0
 * @category functions
 */
export const illegal = (
  messages: ReadonlyArray<Message>,
  options: { readonly paused: boolean } = { paused: false }
): string | undefined => {
  const seen = new Set<CallId>()
  let unanswered: ReadonlyArray<CallId> = []
  for (const [i, message] of messages.entries()) {
    if (message.role !== (i % 2 === 0 ? "user" : "assistant")) return `message ${i} has role ${message.role}`
    if (message.content.length === 0) return `message ${i} is empty`
    if (message.content.some((block) => !sendable(block))) return `message ${i} holds an empty block`
    const results = message.content.flatMap((block) => (block._tag === "ToolResult" ? [block.callId] : []))
    const calls = message.content.flatMap((block) => (block._tag === "ToolCall" ? [block.callId] : []))
    if (results.join() !== unanswered.join())
      return `message ${i} answers [${results.join()}], owed [${unanswered.join()}]`
    if (message.content.slice(0, results.length).some((block) => block._tag !== "ToolResult"))
      return `message ${i} has other content before its tool results`
    if (message.role === "user" ? calls.length > 0 : results.length > 0)
      return `message ${i} holds the other role's blocks`
    for (const call of calls) {
      if (seen.has(call)) return `call ${call} appears twice`
      seen.add(call)
    }
    unanswered = calls
  }
  if (unanswered.length > 0) return `calls [${unanswered.join()}] are not answered`
  if (messages.length === 0) return "there is no message"
  if (messages.at(-1)?.role !== "user" && !options.paused) return "the last message is not the user's"
  return undefined
}
