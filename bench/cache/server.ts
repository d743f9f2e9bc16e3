import { createServer } from "node:http"
import * as Effect from "effect/Effect"
import { listening } from "@parley/harness/listening"
import { all, start, stop, text, toolUse } from "@parley/harness/wire"
import type { Answer } from "./plan.ts"

/** The usage that the API would report for a request. */
export interface Usage {
  readonly input_tokens: number
  readonly cache_read_input_tokens: number
  readonly cache_creation_input_tokens: number
}

const written = ({ calls, text: words }: Answer, usage: Usage): string =>
  all(
    start({ ...usage, output_tokens: 1 }),
    ...text(0, words),
    ...calls.flatMap(({ input, name }, i) => toolUse(i + 1, name, JSON.stringify(input))),
    ...stop(calls.length > 0 ? "tool_use" : "end_turn", { output_tokens: Math.ceil(words.length / 4) })
  )

/** A Messages API on a loopback socket. It passes each body to `record`, which returns the usage and the response. */
export const serve = (record: (body: string) => { readonly usage: Usage; readonly answer: Answer }) =>
  Effect.suspend(() => {
    const server = createServer((request, response) => {
      const parts: Array<Buffer> = []
      request.on("data", (part: Buffer) => parts.push(part))
      request.on("end", () => {
        if (request.url !== "/v1/messages") return response.writeHead(404).end()
        const { answer, usage } = record(Buffer.concat(parts).toString("utf8"))
        response.writeHead(200, { "content-type": "text/event-stream" })
        return response.end(written(answer, usage))
      })
    })
    return Effect.map(listening(server), (port) => `http://127.0.0.1:${port}`)
  })
