// CPU per streamed chunk: our stream against the SDK's own loop, over a real loopback socket, in one run.
//   node packages/provider/test/bench/stream.mjs [deltas=5000] [responses=40] [mode=blast|each]
// The server is another process, so that its work is not counted. Needs Node >= 22.18 (runs TypeScript as it is).
import { spawn } from "node:child_process"
import { once } from "node:events"
import { Anthropic as Sdk } from "@anthropic-ai/sdk"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Anthropic from "../../src/anthropic/Anthropic.ts"

const [deltas, responses, mode] = [
  Number(process.argv[2] ?? 5000),
  Number(process.argv[3] ?? 40),
  process.argv[4] ?? "blast"
]

const server = `
const http = require("node:http")
const sse = (o) => "event: " + o.type + "\\ndata: " + JSON.stringify(o) + "\\n\\n"
const usage = { input_tokens: 100, output_tokens: 1, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 }
const events = [
  { type: "message_start", message: { id: "m", type: "message", role: "assistant", model: "x", content: [], stop_reason: null, usage } },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "", citations: null } },
  ...Array.from({ length: ${deltas} }, () => ({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "lorem ipsum " } })),
  { type: "content_block_stop", index: 0 },
  { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage },
  { type: "message_stop" }
].map(sse)
const blast = []
for (let s = "", i = 0; i < events.length; i++) { s += events[i]; if (s.length >= 65536 || i === events.length - 1) { blast.push(Buffer.from(s)); s = "" } }
http.createServer(async (req, res) => {
  req.resume()
  res.writeHead(200, { "content-type": "text/event-stream" })
  res.socket.setNoDelay(true)
  for (const e of ${mode === "each"} ? events : blast) {
    if (!res.write(e)) await new Promise((r) => res.once("drain", r))
    if (${mode === "each"}) await new Promise(setImmediate)
  }
  res.end()
}).listen(0, "127.0.0.1", function () { console.log(this.address().port) })
`
const child = spawn(process.execPath, ["-e", server], { stdio: ["ignore", "pipe", "inherit"] })
const [line] = await once(child.stdout, "data")
const baseUrl = `http://127.0.0.1:${String(line).trim()}`

const request = {
  model: { provider: "anthropic", model: "x" },
  system: "",
  tools: [],
  messages: [{ role: "user", content: [{ _tag: "Text", text: "hi" }] }]
}
const provider = Anthropic.make({ apiKey: Redacted.make("k"), baseUrl })
const ours = () => {
  let n = 0
  return Effect.runPromise(
    Effect.map(
      Stream.runForEachArray(provider.stream(request), (chunks) =>
        Effect.sync(() => {
          for (const chunk of chunks) if (chunk._tag === "TextDelta") n += chunk.text.length
        })
      ),
      () => n
    )
  )
}
const client = new Sdk({ apiKey: "k", baseURL: baseUrl, maxRetries: 0 })
const sdk = async () => {
  let n = 0
  const stream = await client.messages.create({
    model: "x",
    max_tokens: 32000,
    stream: true,
    messages: [{ role: "user", content: "hi" }]
  })
  for await (const event of stream)
    if (event.type === "content_block_delta" && event.delta.type === "text_delta") n += event.delta.text.length
  return n
}
const bare = async () => {
  const response = await fetch(`${baseUrl}/v1/messages`, { method: "POST", body: "{}" })
  let n = 0
  for await (const bytes of response.body) n += bytes.length
  return n
}

const measure = async (run, times) => {
  const from = process.cpuUsage()
  for (let i = 0; i < times; i++) await run()
  const { system, user } = process.cpuUsage(from)
  return (user + system) / (times * deltas)
}
const contenders = { ours, sdk, bare }
for (const run of Object.values(contenders)) await measure(run, Math.ceil(responses / 2))
const rounds = []
for (let i = 0; i < 5; i++) {
  const round = {}
  for (const [name, run] of Object.entries(contenders)) round[name] = await measure(run, responses)
  rounds.push(round)
}
const median = (name) => rounds.map((round) => round[name]).sort((a, b) => a - b)[2]
for (const name of Object.keys(contenders)) console.log(`${name.padEnd(5)} ${median(name).toFixed(2)} µs CPU per chunk`)
console.log(`ours / sdk ${(median("ours") / median("sdk")).toFixed(2)}`)

// What decoding the JSON of one delta costs, alone.
const event = '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"lorem ipsum "}}'
const Delta = Schema.Struct({ type: Schema.Literal("text_delta"), text: Schema.String })
const decoders = {
  "JSON.parse": (text) => JSON.parse(text),
  UnknownFromJsonString: Schema.decodeSync(Schema.UnknownFromJsonString),
  "fromJsonString(Struct)": Schema.decodeSync(
    Schema.fromJsonString(
      Schema.Struct({ type: Schema.Literal("content_block_delta"), index: Schema.Int, delta: Delta })
    )
  )
}
for (const [name, decode] of Object.entries(decoders)) {
  for (let i = 0; i < 50_000; i++) decode(event)
  const from = process.cpuUsage()
  for (let i = 0; i < 200_000; i++) decode(event)
  const { user } = process.cpuUsage(from)
  console.log(`${name.padEnd(23)} ${(user / 200_000).toFixed(2)} µs per event`)
}
child.kill()
