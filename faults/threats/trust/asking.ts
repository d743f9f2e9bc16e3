import { createServer } from "node:http"
import { Effect } from "effect"
import { listening } from "../../../packages/harness/src/provider/listening.ts"
import { all, answer, start, stop, toolUse } from "../../../packages/harness/src/provider/wire.ts"

type Calls = ReadonlyArray<readonly [tool: string, input: string]>

/** A model that requests the calls of one turn after the other, and ends the round when it has all results. */
export const asking = (...turns: ReadonlyArray<Calls>) =>
  Effect.suspend(() => {
    const bodies: Array<string> = []
    const wanted = turns.map((calls) =>
      all(start(), ...calls.flatMap(([tool, input], i) => toolUse(i, tool, input)), ...stop("tool_use"))
    )
    const server = createServer((request, response) => {
      let body = ""
      request.setEncoding("utf8").on("data", (piece: string) => (body += piece))
      request.on("end", () => {
        bodies.push(body)
        response.writeHead(200, { "content-type": "text/event-stream" })
        const results = body.match(/"type":"tool_result"/g)?.length ?? 0
        const before = turns.map((_, i) => turns.slice(0, i).flat().length)
        response.end(wanted[before.indexOf(results)] ?? answer("Done."))
      })
    })
    return Effect.map(listening(server), (port) => ({
      bodies,
      env: { ANTHROPIC_BASE_URL: `http://127.0.0.1:${port}` }
    }))
  })
