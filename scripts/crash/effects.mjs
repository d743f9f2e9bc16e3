// An MCP server with side effects that count: one line in the file named by the first argument for each call that arrives.
import { appendFileSync } from "node:fs"
import { createInterface } from "node:readline"

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
    // Not all answers at once, so that each is settled in a commit of its own.
    setTimeout(() => send({ id, result: { content: [{ type: "text", text: "recorded" }] } }), 12 * params.arguments.n)
  }
})
