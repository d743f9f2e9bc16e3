import { createServer } from "node:http"
import { Effect, Schema } from "effect"
import { listening } from "../../../packages/provider/test/support/listening.ts"
import { all, answer, start, stop, toolUse } from "../../../packages/provider/test/support/wire.ts"
import { said } from "../../user/support/model.ts"

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

/** What a person tells the model to do: one call. Written as a line of the message. */
export const wish = (tool: string, input: Schema.Json = {}): string => `do ${tool} ${JSON.stringify(input)}`
/** The same, for whoever is not the user and hides it in something that the model reads. */
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

/** The calls of the next turn: what the user wishes, and then whatever order stands anywhere in the request. */
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

/** A Messages API on a socket whose model does what it is told, by whomever. */
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
          ? answer(said.whole)
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
