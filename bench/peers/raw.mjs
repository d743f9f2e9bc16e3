// The lower bound: hand-written loops without an engine, error handling or storage. `limitHttp` uses node:http and
// JSON.parse; `sdkCreate` and `sdkStream` are the two streaming interfaces of the official SDK.
import http from "node:http"
import { model, system, tool, work } from "./common.mjs"

const loop = (call, history) => {
  const messages = history.map(({ role, text }) => ({ role, content: text }))
  return {
    async run(prompt, onDelta) {
      messages.push({ role: "user", content: prompt })
      for (;;) {
        const { content, stop_reason } = await call(messages, onDelta)
        messages.push({ role: "assistant", content })
        if (stop_reason !== "tool_use") return
        const uses = content.filter(({ type }) => type === "tool_use")
        const results = uses.map(async ({ id, input }) => ({
          type: "tool_result",
          tool_use_id: id,
          content: await work(input.i, input.ms)
        }))
        messages.push({ role: "user", content: await Promise.all(results) })
      }
    }
  }
}
const parameters = (messages) => ({ model, max_tokens: 32_000, system, tools: [tool], messages })

const accumulate = (onDelta) => {
  const content = []
  let block
  let json = ""
  let stop_reason
  return {
    add(event) {
      switch (event.type) {
        case "content_block_start":
          block = event.content_block
          content.push(block)
          json = ""
          break
        case "content_block_delta":
          if (event.delta.type === "text_delta") {
            block.text += event.delta.text
            onDelta(event.delta.text)
          } else if (event.delta.type === "input_json_delta") json += event.delta.partial_json
          break
        case "content_block_stop":
          if (block.type === "tool_use") block.input = JSON.parse(json || "{}")
          break
        case "message_delta":
          stop_reason = event.delta.stop_reason
      }
    },
    message: () => ({ content, stop_reason })
  }
}

export const limitHttp = async ({ baseURL }) => {
  const agent = new http.Agent({ keepAlive: true })
  const call = (messages, onDelta) =>
    new Promise((resolve, reject) => {
      const message = accumulate(onDelta)
      const body = JSON.stringify({ ...parameters(messages), stream: true })
      const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) }
      const request = http.request(`${baseURL}/v1/messages`, { method: "POST", agent, headers }, (response) => {
        let rest = ""
        response.setEncoding("utf8")
        response.on("data", (data) => {
          const text = rest + data
          let from = 0
          for (let to = text.indexOf("\n\n"); to >= 0; to = text.indexOf("\n\n", from)) {
            message.add(JSON.parse(text.slice(text.indexOf("data: ", from) + 6, to)))
            from = to + 2
          }
          rest = text.slice(from)
        })
        response.on("end", () => resolve(message.message()))
        response.on("error", reject)
      })
      request.on("error", reject)
      request.end(body)
    })
  return { newSession: (history) => loop(call, history) }
}

const client = async (baseURL) => {
  const { default: Anthropic } = await import("@anthropic-ai/sdk")
  return new Anthropic({ apiKey: "x", baseURL, maxRetries: 0 })
}
export const sdkCreate = async ({ baseURL }) => {
  const anthropic = await client(baseURL)
  const call = async (messages, onDelta) => {
    const message = accumulate(onDelta)
    for await (const event of await anthropic.messages.create({ ...parameters(messages), stream: true }))
      message.add(event)
    return message.message()
  }
  return { newSession: (history) => loop(call, history) }
}
export const sdkStream = async ({ baseURL }) => {
  const anthropic = await client(baseURL)
  const call = (messages, onDelta) => anthropic.messages.stream(parameters(messages)).on("text", onDelta).finalMessage()
  return { newSession: (history) => loop(call, history) }
}
