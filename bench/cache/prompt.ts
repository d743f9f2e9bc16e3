import * as Schema from "effect/Schema"

const Part = Schema.Record(Schema.String, Schema.Json)
type Part = typeof Part.Type
const Body = Schema.Struct({
  tools: Schema.Array(Part),
  system: Schema.Array(Part),
  messages: Schema.Array(Schema.Struct({ role: Schema.String, content: Schema.Array(Part) }))
})
type Body = typeof Body.Type

/** A request as the API's cache sees it: blocks in order, some of which have a cache marker. */
export interface Prompt {
  readonly blocks: ReadonlyArray<string>
  readonly marked: ReadonlyArray<number>
}

const promptOf = ({ messages, system, tools }: Body): Prompt => {
  const parts = [
    ...tools.map((part) => ({ kind: "tool", part })),
    ...system.map((part) => ({ kind: "system", part })),
    ...messages.flatMap(({ content, role }) => content.map((part) => ({ kind: role, part })))
  ]
  return {
    blocks: parts.map(({ kind, part: { cache_control: _, ...rest } }) => `${kind} ${JSON.stringify(rest)}`),
    marked: parts.flatMap(({ part }, i) => ("cache_control" in part ? [i] : []))
  }
}

const decode = Schema.decodeSync(Schema.fromJsonString(Body))

/** The request as it was sent. */
export const sent = (body: string): Prompt => promptOf(decode(body))

/** The same request with only the API's automatic marker, on the last block. */
export const automatic = ({ blocks }: Prompt): Prompt => ({ blocks, marked: [blocks.length - 1] })

/**
 * The same contents in the common layout: everything that changes is part of the system prompt, which is rendered for each
 * request, and messages contain only the conversation. The markers keep their positions.
 */
export const naive = (body: string, system: string): Prompt => {
  const { messages, tools } = decode(body)
  return promptOf({
    tools,
    system: [{ type: "text", text: system, cache_control: { type: "ephemeral" } }],
    messages: messages.map(({ content, role }) => ({
      role,
      // The round part precedes the user's text, which is the last block of the message.
      content: role === "user" && content.at(-1)?.["type"] === "text" ? content.slice(-1) : content
    }))
  })
}
