import { createServer } from "node:http"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { listening } from "@parley/harness/listening"
import { all, apiError, start, stop, text, toolUse } from "@parley/harness/wire"

const Content = Schema.Struct({
  type: Schema.String,
  text: Schema.optionalKey(Schema.String),
  id: Schema.optionalKey(Schema.String),
  tool_use_id: Schema.optionalKey(Schema.String)
})
const Body = Schema.Struct({
  messages: Schema.Array(Schema.Struct({ role: Schema.String, content: Schema.Array(Content) }))
})
const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Body))

/** Calls and results of a request that do not stand in pairs, one message after the other. */
export const unpaired = (body: string): ReadonlyArray<string> => {
  const { messages } = decode(body)
  const ids = (i: number, key: "id" | "tool_use_id") =>
    messages[i]?.content.flatMap((block) => (block[key] === undefined ? [] : [block[key]])).join() ?? ""
  return messages.flatMap((_, i) => {
    const [calls, results] = [ids(i, "id"), ids(i + 1, "tool_use_id")]
    return calls === results && (i > 0 || ids(0, "tool_use_id") === "") ? [] : [`calls ${calls}, results ${results}`]
  })
}

/**
 * A model that reads `notes.md` when it is told to, sums up without a word of what was said, and when it is asked what it
 * remembers, says which of `words` the request holds. It counts a quarter of the bytes as tokens.
 */
export const mind = (words: ReadonlyArray<string>) =>
  Effect.suspend(() => {
    const bodies: Array<string> = []
    const reply = (body: string): string => {
      const last = decode(body).messages.at(-1)?.content.at(-1)
      const began = start({ input_tokens: Math.ceil(body.length / 4), output_tokens: 1 })
      const says = (said: string) => all(began, ...text(0, said), ...stop("end_turn"))
      if (last?.text?.endsWith("Sum it up.") === true) return says("They talked.")
      if (last?.text?.startsWith("read") === true)
        return all(began, ...toolUse(0, "workspace__read_file", '{"path":"notes.md"}'), ...stop("tool_use"))
      if (last?.text?.startsWith("what") !== true) return says("Done.")
      return says(`I remember: ${words.filter((word) => body.includes(word)).join(", ")}.`)
    }
    const server = createServer((incoming, outgoing) => {
      const pieces: Array<Buffer> = []
      incoming.on("data", (piece: Buffer) => pieces.push(piece))
      incoming.on("end", () => {
        const isMessage = incoming.url?.includes("count_tokens") === false
        const body = Buffer.concat(pieces).toString("utf8")
        if (isMessage) bodies.push(body)
        outgoing.writeHead(isMessage ? 200 : 404, {
          "content-type": isMessage ? "text/event-stream" : "application/json"
        })
        outgoing.end(isMessage ? reply(body) : apiError("not_found_error"))
      })
    })
    return Effect.map(listening(server), (port) => ({ url: `http://127.0.0.1:${port}`, bodies }))
  })
