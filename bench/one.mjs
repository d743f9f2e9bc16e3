// node --expose-gc bench/one.mjs PEER CASE URL: one case in a fresh process, one line of JSON. Medians over repetitions.
import * as parley from "./peers/parley.mjs"
import * as raw from "./peers/raw.mjs"

const peers = {
  "limit-http": raw.limitHttp,
  "sdk-create": raw.sdkCreate,
  "sdk-stream": raw.sdkStream,
  parley: parley.cold,
  "parley-open": parley.warm
}
const [, , peer, name, baseURL] = process.argv
const [kind, ...pairs] = name.split(" ")
const option = Object.fromEntries(pairs.map((pair) => pair.split("=")).map(([key, value]) => [key, Number(value)]))
const now = () => Number(process.hrtime.bigint()) / 1e6
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]
const sentence = "the quick brown fox jumps over the lazy dog ".repeat(4)
const history = (length) =>
  Array.from({ length }, (_, i) => ({
    role: i % 2 === 0 ? "user" : "assistant",
    text: `${i % 2 === 0 ? "Question" : "Answer"} ${i}: ${sentence}`
  }))

const adapter = await peers[peer]({ baseURL })
const prompts = {
  stream: () => [`TEXT:${option.n}`, option.n * 12, 0, 11],
  tools: () => [`TOOLS:${option.k} MS:${option.ms}`, 36, 0, 11],
  rounds: () => [`TOOLS:1 ROUNDS:${option.r}`, 36, 0, 5],
  hist: () => ["TEXT:3", 36, option.h, 7]
}
const [prompt, expected, length, repetitions] = prompts[kind]()
const repeat = option.reps ?? repetitions
const samples = []
for (let i = 0; i < repeat + 3; i++) {
  globalThis.gc?.()
  const session = adapter.newSession(history(length))
  await session.prepare?.()
  let characters = 0
  const cpu = process.cpuUsage()
  const started = now()
  await session.run(prompt, (text) => (characters += text.length))
  const wall = now() - started
  const { system, user } = process.cpuUsage(cpu)
  if (characters !== expected) throw new Error(`${peer} ${name}: ${characters} characters, expected ${expected}`)
  const last = await (await fetch(`${baseURL}/__last`)).json()
  if (i >= 3)
    samples.push({
      wall,
      cpu: (system + user) / 1000,
      sent: Number(BigInt(last.t_end)) / 1e6 - started,
      bytes: last.bytes
    })
}
const result = { wall: median(samples.map(({ wall }) => wall)), cpu: median(samples.map(({ cpu }) => cpu)) }
if (kind === "hist") Object.assign(result, { sent: median(samples.map(({ sent }) => sent)), bytes: samples[0].bytes })
console.log(JSON.stringify(result))
await adapter.close?.()
process.exit(0)
