import { createServer } from "node:http"
import { Effect, Schema } from "effect"
import { listening } from "../../../packages/harness/src/provider/listening.ts"
import { all, answer, start, stop, toolUse } from "../../../packages/harness/src/provider/wire.ts"
import { replies } from "../../../packages/harness/src/user/model.ts"

const Block = Schema.Struct({
  type: Schema.String,
  text: Schema.optionalKey(Schema.String),
  name: Schema.optionalKey(Schema.String)
})
const Asked = Schema.Struct({
  messages: Schema.Array(Schema.Struct({ role: Schema.String, content: Schema.Array(Block) }))
})
const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Asked))
const decodeAny = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Json))

/** A line of a user message that tells the model to make one call. */
export const wish = (tool: string, input: Schema.Json = {}): string => `do ${tool} ${JSON.stringify(input)}`
/** The same for an attacker, who hides it in something that the model reads. */
export const order = (tool: string, input: Schema.Json): string => `OBEY ${tool} ${JSON.stringify(input)}`

interface Call {
  readonly name: string
  readonly input: string
}
const callsIn = (text: string, form: RegExp): ReadonlyArray<Call> =>
  [...text.matchAll(form)].map(([, name = "", input = ""]) => ({ name, input }))

const strings = (value: Schema.Json): ReadonlyArray<string> =>
  typeof value === "string"
    ? [value]
    : typeof value === "object" && value !== null
      ? Object.values(value).flatMap(strings)
      : []

/** The calls of the next turn: those that the user wishes, then those of any order found in the request. */
const next = (body: string): ReadonlyArray<Call> => {
  const { messages } = decode(body)
  const last = messages.at(-1)?.content ?? []
  const answered = last.some(({ type }) => type === "tool_result")
  const wished = answered
    ? []
    : last.flatMap(({ text = "" }) => text.split("\n").flatMap((line) => callsIn(line, /^do (\S+) (\{.*\})$/gs)))
  if (wished.length > 0) return wished
  const made = new Set(messages.flatMap(({ content }) => content.map(({ name }) => name)))
  return strings(decodeAny(body))
    .flatMap((text) => callsIn(text, /OBEY (\S+) (\{[^{}]*\})/g))
    .filter(({ name }) => !made.has(name))
    .slice(0, 1)
}

/** A Messages API on a socket whose model obeys every instruction in a request, including injected ones. */
export const obeying = Effect.suspend(() => {
  const bodies: Array<string> = []
  const server = createServer((incoming, out) => {
    const parts: Array<Buffer> = []
    incoming.on("data", (part: Buffer) => parts.push(part))
    for (const stream of [incoming, out]) stream.on("error", () => {})
    incoming.on("end", () => {
      const body = Buffer.concat(parts).toString("utf8")
      bodies.push(body)
      const calls = next(body)
      out.writeHead(200, { "content-type": "text/event-stream" })
      out.end(
        calls.length === 0
          ? answer(replies.whole)
          : all(
              start(),
              ...calls.flatMap(({ input, name }, i) => toolUse(i, name, input, `toolu_${bodies.length}_${i}`)),
              ...stop("tool_use")
            )
      )
    })
  })
  return Effect.map(listening(server), (port) => ({ url: `http://127.0.0.1:${port}`, bodies }))
})
