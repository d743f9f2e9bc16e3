// An MCP server whose tools have the names in its argument, a JSON array. Each call returns the name it was called by.
import { createInterface } from "node:readline"

const tools = JSON.parse(process.argv[2]).map((name) => ({ name, inputSchema: { type: "object" } }))
const send = (id, result) => process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, result })}\n`)

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line)
  if (method === "initialize")
    send(id, {
      protocolVersion: params.protocolVersion,
      capabilities: { tools: {} },
      serverInfo: { name: "named", version: "1" }
    })
  else if (method === "tools/list") send(id, { tools })
  else if (method === "tools/call") send(id, { content: [{ type: "text", text: `I am ${params.name}` }] })
})
