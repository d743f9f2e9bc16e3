import { Schema } from "effect"
import {
  all,
  apiError,
  close,
  delta,
  open,
  start,
  stop,
  text,
  toolUse
} from "../../packages/harness/src/provider/wire.ts"

/** A block or an item of a request. `signature` is that of thinking. */
interface Part {
  readonly json: string
  readonly text: string | undefined
  readonly signature: string | undefined
}

/** A request as far as thinking is bound to it. */
export interface Sent {
  readonly model: string
  /** The system prompt and the tools. */
  readonly beginning: string
  readonly parts: ReadonlyArray<Part>
  /** Whether the request asks to drop thinking that does not match. */
  readonly drops: boolean
  /** Why the API refuses the request whatever its thinking is bound to. */
  readonly problem: string | undefined
}

export interface Exchange {
  readonly sent: Sent
  /** How many pieces of thinking the request contained, and how many of them were dropped. */
  readonly thoughts: number
  readonly dropped: number
}

/** How an API writes requests and responses. */
export interface Protocol {
  readonly read: (body: Schema.Json, betas: ReadonlyArray<string>) => Sent
  /** A response that begins with thinking, as a stream of events. */
  readonly answer: (signature: string, calls: boolean, count: number) => string
  /** The API's message about thinking that does not match. */
  readonly mismatch: string
  readonly refusal: (message: string) => string
}

const Anything = Schema.Record(Schema.String, Schema.Json)
type Anything = typeof Anything.Type
const json = Schema.encodeSync(Schema.fromJsonString(Schema.Json))
const own = (value: Anything): string =>
  json(Object.fromEntries(Object.entries(value).filter(([k]) => k !== "cache_control")))
const stringIn = (value: Schema.Json | undefined) => (typeof value === "string" ? value : undefined)
const isAnything = Schema.is(Anything)

/** The text of a block, or of a tool result. */
const textIn = ({ content, output, text }: Anything): string | undefined => {
  const [first] = Array.isArray(content) ? content.filter(isAnything) : []
  return stringIn(text) ?? stringIn(output) ?? stringIn(first?.["text"])
}

const Messages = Schema.Struct({
  model: Schema.String,
  system: Schema.optionalKey(Schema.Array(Anything)),
  tools: Schema.optionalKey(Schema.Array(Anything)),
  thinking: Schema.optionalKey(Anything),
  messages: Schema.Array(Schema.Struct({ role: Schema.String, content: Schema.Array(Anything) }))
})
const decodeMessages = Schema.decodeUnknownSync(Messages)
const beta = "thinking-binding-controls-2026-08-01"

/**
 * The API's rule for budgeted thinking: while tool results are sent back, the response that began this series of calls must
 * still begin with its thinking.
 */
const loopProblem = ({ messages, thinking }: typeof Messages.Type): string | undefined => {
  if (thinking?.["type"] !== "enabled") return undefined
  const asked = messages.findLastIndex(
    ({ content, role }) => role === "user" && content.every(({ type }) => type !== "tool_result")
  )
  const first = messages[asked + 1]?.content[0]?.["type"]
  return first === undefined || first === "thinking" || first === "redacted_thinking"
    ? undefined
    : `messages.${asked + 1}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${json(first)}\`. When \`thinking\` is enabled, a final \`assistant\` message must start with a thinking block.`
}

const bindingProblem = ({ thinking }: typeof Messages.Type, betas: ReadonlyArray<string>): string | undefined => {
  if (thinking?.["block_binding"] === undefined) return undefined
  return betas.includes(beta) && thinking["type"] !== "disabled"
    ? undefined
    : "thinking.adaptive.block_binding: Extra inputs are not permitted"
}

export const messagesApi: Protocol = {
  read: (body, betas) => {
    const sent = decodeMessages(body)
    return {
      model: sent.model,
      beginning: json([(sent.system ?? []).map(own), (sent.tools ?? []).map(own)]),
      parts: sent.messages.flatMap(({ content, role }) =>
        content.map((block) => ({
          json: `${role}${own(block)}`,
          text: textIn(block),
          signature: block["type"] === "thinking" ? stringIn(block["signature"]) : undefined
        }))
      ),
      drops: sent.thinking?.["block_binding"] !== undefined,
      problem: bindingProblem(sent, betas) ?? loopProblem(sent)
    }
  },
  answer: (signature, calls, count) =>
    all(
      start(),
      open(0, { type: "thinking", thinking: "", signature: "" }),
      delta(0, { type: "thinking_delta", thinking: "so" }),
      delta(0, { type: "signature_delta", signature }),
      close(0),
      ...(calls ? toolUse(1, "echo", "{}", `toolu_${count}`) : text(1, "Fine.")),
      ...stop(calls ? "tool_use" : "end_turn")
    ),
  mismatch: "messages.1.content.0: The block is bound to a different conversation: the messages before it differ",
  refusal: (message) => apiError("invalid_request_error", message)
}

const Responses = Schema.Struct({
  model: Schema.String,
  instructions: Schema.optionalKey(Schema.String),
  tools: Schema.optionalKey(Schema.Array(Anything)),
  input: Schema.Array(Anything)
})
const decodeResponses = Schema.decodeUnknownSync(Responses)

const partOf = (item: Anything): Part => ({
  json: own(item),
  text: textIn(item),
  signature: item["type"] === "reasoning" ? stringIn(item["encrypted_content"]) : undefined
})

const events = (...some: ReadonlyArray<object>) => some.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("")

export const responsesApi: Protocol = {
  read: (body) => {
    const sent = decodeResponses(body)
    return {
      model: sent.model,
      beginning: json([sent.instructions ?? "", sent.tools ?? []]),
      parts: sent.input.flatMap((item) => {
        const { content } = item
        return Array.isArray(content) ? content.filter(isAnything).map(partOf) : [partOf(item)]
      }),
      drops: false,
      problem: undefined
    }
  },
  answer: (signature, calls, count) =>
    events(
      { type: "response.created", response: { id: `resp_${count}` } },
      { type: "response.output_item.added", output_index: 0, item: { type: "reasoning", id: `rs_${count}` } },
      { type: "response.reasoning_summary_text.delta", output_index: 0, summary_index: 0, delta: "so" },
      {
        type: "response.output_item.done",
        output_index: 0,
        item: { type: "reasoning", id: `rs_${count}`, encrypted_content: signature }
      },
      ...(calls
        ? [
            {
              type: "response.output_item.added",
              output_index: 1,
              item: { type: "function_call", call_id: `call_${count}`, name: "echo" }
            },
            { type: "response.function_call_arguments.delta", output_index: 1, delta: "{}" }
          ]
        : [{ type: "response.output_text.delta", output_index: 1, delta: "Fine." }]),
      { type: "response.completed", response: { id: `resp_${count}`, usage: { input_tokens: 3, output_tokens: 1 } } }
    ),
  mismatch:
    "The encrypted content gAAA... could not be verified. Reason: Encrypted content could not be decrypted or parsed.",
  refusal: (message) => JSON.stringify({ error: { message, type: "invalid_request_error", param: null, code: null } })
}
