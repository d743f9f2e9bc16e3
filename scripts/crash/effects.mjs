// An MCP server with side effects that can be counted: it appends one line for each call to the file named by the first
// argument. The second argument names a file with one byte for each result that the command has shown to the harness.
import { appendFileSync, readFileSync } from "node:fs"
import { createInterface } from "node:readline"
import { setTimeout as sleep } from "node:timers/promises"

const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
const tools = [{ name: "record", description: "Records a number", inputSchema: { type: "object" } }]

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line)
  if (method === "initialize") {
    const { protocolVersion } = params
    send({
      id,
      result: { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "effects", version: "1" } }
    })
  } else if (method === "tools/list") send({ id, result: { tools } })
  else if (method === "tools/call") {
    appendFileSync(process.argv[2], `${params._meta["parley/idempotencyKey"]}\n`)
    void answer(id, ++calls)
  }
})

// Results are sent one at a time: the next one only after the previous one was stored and shown. Each result is therefore
// settled in a separate commit, and every run makes the same system calls. After one second a result is sent in any case.
let calls = 0
const seen = () => readFileSync(process.argv[3], "utf8").length
const answer = async (id, n) => {
  for (let i = 0; i < 500 && seen() < n - 1; i++) await sleep(2)
  send({ id, result: { content: [{ type: "text", text: "recorded" }] } })
}
