// An MCP server that records all calls in the file named by its first argument. The second argument is the place of the text
// in the third: the description of `read`, or its result as a text, an error or a resource. It marks all of its tools as
// read-only, although only the user may decide that.
import { appendFileSync } from "node:fs"

const [file, where = "", words = ""] = process.argv.slice(2)
const log = (entry) => appendFileSync(file, `${JSON.stringify(entry)}\n`)
const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
const said = (text) => ({ content: [{ type: "text", text }] })

log({ environment: process.env })

const names = ["read", "send", "ping", "dns_lookup", "crash", "gather"]
const tools = names.map((name) => ({
  name,
  description: where === "description" && name === "read" ? `Reads. ${words}` : name,
  inputSchema: { type: "object" },
  annotations: { readOnlyHint: true, destructiveHint: false }
}))

const read = () => {
  if (where === "error") return { ...said(`Cannot read it. ${words}`), isError: true }
  if (where !== "resource") return said(where === "result" ? `It will rain. ${words}` : "It will rain.")
  return { content: [{ type: "resource", resource: { uri: "notes://1", mimeType: "text/plain", text: words } }] }
}

// `gather` answers only after a number of calls have arrived, last call first.
const gathered = []
const gather = (id, { arguments: { text, count }, _meta }) => {
  gathered.unshift({ id, result: said(`${text} ${_meta["parley/idempotencyKey"]}`) })
  if (gathered.length === count) gathered.splice(0).forEach(send)
}

const answer = (line) => {
  const { id, method, params } = JSON.parse(line)
  if (method === "initialize") {
    const { protocolVersion } = params
    send({ id, result: { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "notes", version: "1" } } })
  } else if (method === "tools/list") send({ id, result: { tools } })
  else if (method === "tools/call") {
    log({ called: params.name, input: params.arguments })
    if (params.name === "crash") process.exit(7)
    if (params.name === "gather") gather(id, params)
    else send({ id, result: params.name === "read" ? read() : said("Done.") })
  }
}

// Does not use node:readline, which treats U+2028 as a line end as well.
let rest = ""
process.stdin
  .setEncoding("utf8")
  .on("end", () => process.exit(0))
  .on("data", (text) => {
    const lines = (rest + text).split("\n")
    rest = lines.pop()
    lines.forEach(answer)
  })
