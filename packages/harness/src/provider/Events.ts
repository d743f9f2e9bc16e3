/** Events of the Anthropic Messages API as a server writes them. */
export const event = (
  data: { readonly type: string; readonly [key: string]: unknown },
  name: string = data.type
): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`

export const messageStart = (usage: object = { input_tokens: 10, output_tokens: 1 }): string =>
  event({
    type: "message_start",
    message: { id: "msg_1", type: "message", role: "assistant", model: "m", content: [], stop_reason: null, usage }
  })

export const blockStart = (index: number, content_block: object): string =>
  event({ type: "content_block_start", index, content_block })

export const blockDelta = (index: number, delta: object): string => event({ type: "content_block_delta", index, delta })

export const blockStop = (index: number): string => event({ type: "content_block_stop", index })

export const text = (index: number, ...pieces: ReadonlyArray<string>): string =>
  blockStart(index, { type: "text", text: "" }) +
  pieces.map((piece) => blockDelta(index, { type: "text_delta", text: piece })).join("") +
  blockStop(index)

export const toolUse = (index: number, id: string, name: string, ...pieces: ReadonlyArray<string>): string =>
  blockStart(index, { type: "tool_use", id, name, input: {}, caller: { type: "direct" } }) +
  ["", ...pieces].map((piece) => blockDelta(index, { type: "input_json_delta", partial_json: piece })).join("") +
  blockStop(index)

export const messageDelta = (
  stop_reason: string | null,
  rest: object = {},
  usage: object = { output_tokens: 5 }
): string => event({ type: "message_delta", delta: { stop_reason, stop_sequence: null, ...rest }, usage })

export const messageStop: string = event({ type: "message_stop" })

/** A whole response. */
export const message = (stop_reason: string | null, ...blocks: ReadonlyArray<string>): string =>
  messageStart() + blocks.join("") + messageDelta(stop_reason) + messageStop
