import { createServer } from "node:http"
import { Effect } from "effect"
import { listening } from "../../../packages/provider/test/support/listening.ts"
import { all, answer, start, stop, toolUse } from "../../../packages/provider/test/support/wire.ts"

/** A model that obeys: it asks for these calls, all at once, and is done when it has their results. */
export const asking = (calls: ReadonlyArray<readonly [tool: string, input: string]>) =>
  Effect.suspend(() => {
    const bodies: Array<string> = []
    const wanted = all(start(), ...calls.flatMap(([tool, input], i) => toolUse(i, tool, input)), ...stop("tool_use"))
    const server = createServer((request, response) => {
      let body = ""
      request.setEncoding("utf8").on("data", (piece: string) => (body += piece))
      request.on("end", () => {
        bodies.push(body)
        response.writeHead(200, { "content-type": "text/event-stream" })
        response.end(body.includes('"tool_result"') ? answer("Done.") : wanted)
      })
    })
    return Effect.map(listening(server), (port) => ({
      bodies,
      env: { ANTHROPIC_BASE_URL: `http://127.0.0.1:${port}` }
    }))
  })
