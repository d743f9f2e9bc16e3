// An MCP server whose tool never answers, with a child process. It records its events in the file named by its first
// argument. `deaf`: neither it nor its child ends before SIGKILL. `mute`: it never answers any request.
import { spawn } from "node:child_process"
import { appendFileSync } from "node:fs"
import { createInterface } from "node:readline"

const [file, ...how] = process.argv.slice(2)
const log = (entry) => appendFileSync(file, `${JSON.stringify(entry)}\n`)
const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
const deaf = how.includes("deaf")

if (deaf) {
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => log({ signal }))
  setInterval(() => {}, 1000)
}
const child = spawn("sh", ["-c", `${deaf ? "trap '' TERM INT HUP; " : ""}exec sleep 300`], { stdio: "ignore" })
log({ pid: process.pid })
log({ pid: child.pid })

const input = createInterface({ input: process.stdin })
// It does not end its child, as careless servers do.
input.on("close", () => deaf || process.exit(0))
input.on("line", (line) => {
  if (how.includes("mute")) return
  const { id, method, params } = JSON.parse(line)
  if (method === "initialize") {
    const { protocolVersion } = params
    send({ id, result: { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "slow", version: "1" } } })
  } else if (method === "tools/list") {
    send({ id, result: { tools: [{ name: "hang", inputSchema: { type: "object" } }] } })
  } else if (method === "tools/call") log({ called: params.name })
})
