/** Events of the Messages API, as they arrive on the socket. */
export interface Event {
  readonly type: string
  readonly [key: string]: unknown
}

/** One event of the stream. */
export const sse = (event: Event): string => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
export const all = (...events: ReadonlyArray<Event>): string => events.map(sse).join("")

export const start = (usage: object = { input_tokens: 3, output_tokens: 1 }): Event => ({
  type: "message_start",
  message: {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "fake",
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage
  }
})
export const ping: Event = { type: "ping" }
export const open = (index: number, content_block: object): Event => ({
  type: "content_block_start",
  index,
  content_block
})
export const delta = (index: number, delta: object): Event => ({ type: "content_block_delta", index, delta })
export const close = (index: number): Event => ({ type: "content_block_stop", index })

export const text = (index: number, ...pieces: ReadonlyArray<string>): ReadonlyArray<Event> => [
  open(index, { type: "text", text: "" }),
  ...pieces.map((text) => delta(index, { type: "text_delta", text })),
  close(index)
]
export const toolUse = (
  index: number,
  name: string,
  input: string,
  id: string = `toolu_${index}`
): ReadonlyArray<Event> => [
  open(index, { type: "tool_use", id, name, input: {} }),
  delta(index, { type: "input_json_delta", partial_json: input }),
  close(index)
]

export const stop = (stop_reason: string | null, usage: object = { output_tokens: 4 }): ReadonlyArray<Event> => [
  { type: "message_delta", delta: { stop_reason, stop_sequence: null }, usage },
  { type: "message_stop" }
]

/** A complete text response. */
export const answer = (words: string): string => all(start(), ...text(0, words), ...stop("end_turn"))

/** The body of an error response. */
export const apiError = (type: string, message = "scripted"): string =>
  JSON.stringify({ type: "error", error: { type, message } })
