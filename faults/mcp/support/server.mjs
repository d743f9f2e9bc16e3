// An MCP server without an SDK, so that it can violate the protocol in every way. The first argument is a file for notes,
// the second a script of steps for each event (see `script.ts`). Events without steps are handled correctly.
import { spawn } from "node:child_process"
import { appendFileSync, existsSync, readFileSync, readlinkSync } from "node:fs"
import { env } from "node:process"
import { setImmediate, setTimeout } from "node:timers/promises"

const [notes, text] = process.argv.slice(2)
const script = JSON.parse(text)
const note = (entry) => appendFileSync(notes, `${JSON.stringify({ name: env.FAULT_NAME, ...entry })}\n`)
const noted = (words) => readFileSync(notes, "utf8").split(words).length - 1

// Whether this is the first start of the server.
const first = !existsSync(notes) || noted(`"name":"${env.FAULT_NAME}"`) === 0

const anything = { type: "object" }
const named = (names) => names.map((tool) => (typeof tool === "string" ? { name: tool, inputSchema: anything } : tool))
const now = {
  tools: named((first ? undefined : script.later) ?? script.tools ?? [...Object.keys(script.calls ?? {}), "echo"]),
  // The id of a kept request, to which a later step refers.
  kept: null,
  cursor: "",
  // The progress token of the current call.
  token: null,
  // When it last sent a request.
  asked: 0
}

const write = (out, bytes) => new Promise((done) => out.write(bytes, done))
const send = (message) => write(process.stdout, `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
const result = (id, words) => send({ id, result: { content: [{ type: "text", text: words }] } })
const filled = (id, words) =>
  words
    .replaceAll("$id", JSON.stringify(id))
    .replaceAll("$kept", JSON.stringify(now.kept))
    .replaceAll("$token", JSON.stringify(now.token))
// Values that are too long or too deep for a command-line argument.
const schemas = '{"not":'.repeat(10_000) + "{}" + "}".repeat(10_000)
const large = (json) => json.replace("$large", "A".repeat(6_000_000)).replace('"$deep"', schemas)

const steps = {
  note: (_, key) => note({ [key]: true }),
  raw: (id, words) => write(process.stdout, filled(id, words)),
  say: (id, words) => {
    now.asked = performance.now()
    return write(process.stdout, `${filled(id, words)}\n`)
  },
  bytes: (id, base64) =>
    write(process.stdout, Buffer.from(filled(id, Buffer.from(base64, "base64").toString("latin1")), "latin1")),
  answer: (id, words, times = 1) => result(id, words.repeat(times)),
  answerKept: (_, words) => result(now.kept, words),
  // `$large` is replaced by six million characters, and `"$deep"` by a schema of ten thousand levels.
  result: (id, value) =>
    write(process.stdout, large(filled(id, `${JSON.stringify({ jsonrpc: "2.0", id, result: value })}\n`))),
  blocks: (id, times) =>
    send({ id, result: { content: Array.from({ length: times }, (_, i) => ({ type: "text", text: `block ${i}` })) } }),
  // A valid result whose structured content is `levels` nested lists.
  deep: (id, levels) => {
    const structured = "[".repeat(levels) + "]".repeat(levels)
    return write(
      process.stdout,
      `${filled(id, `{"jsonrpc":"2.0","id":$id,"result":{"content":[],"structuredContent":${structured}}}`)}\n`
    )
  },
  slowly: async (id, words) => {
    for (const byte of Buffer.from(filled(id, `${words}\n`))) {
      await write(process.stdout, Buffer.of(byte))
      await setImmediate()
    }
  },
  repeat: async (_, words, times) => {
    for (let i = 0; i < times; i++) await write(process.stdout, words)
  },
  drip: async (id, words, millis, times) => {
    for (let i = 0; i < times; i++) {
      await write(process.stdout, `${filled(id, words)}\n`)
      await setTimeout(millis)
    }
  },
  // Writes as fast as it is read, for `millis` milliseconds.
  flood: async (id, words, millis) => {
    const many = `${filled(id, words)}\n`.repeat(500)
    for (const end = performance.now() + millis; performance.now() < end;) await write(process.stdout, many)
  },
  stderr: async (_, words, times = 1) => {
    for (let i = 0; i < times; i++) await write(process.stderr, words)
  },
  noteStderr: () => note({ stderr: readlinkSync("/proc/self/fd/2") }),
  once: (id, ...step) => (first ? run(id, [step]) : undefined),
  keep: (id) => void (now.kept = id),
  // One page of a list of `all` tools, `size` per page.
  page: (id, size, all) => {
    const from = Number(now.cursor)
    const tools = Array.from({ length: Math.min(size, all - from) }, (_, i) => `tool${from + i}`)
    return send({ id, result: { tools: named(tools), ...(from + size < all ? { nextCursor: `${from + size}` } : {}) } })
  },
  sleep: (_, millis) => setTimeout(millis),
  // Waits until the notes of all servers contain a text a number of times.
  until: async (_, words, times) => {
    while (noted(words) < times) await setTimeout(5)
  },
  exit: (_, code) => process.exit(code),
  // The signal is pending when this returns, so wait without doing anything else.
  kill: (_, signal) => {
    process.kill(process.pid, signal)
    return new Promise(() => {})
  },
  tools: (_, tools) => void (now.tools = named(tools)),
  changed: () => send({ method: "notifications/tools/list_changed" }),
  // Does not read the next message, and performs `step` when it arrives.
  trap: (id, ...step) => {
    process.stdin.removeAllListeners("data")
    process.stdin.once("data", () => run(id, [step]))
  },
  unread: () => void process.stdin.pause(),
  stay: () => void setInterval(() => {}, 1000),
  deaf: () => ["SIGTERM", "SIGINT", "SIGHUP"].forEach((signal) => process.on(signal, () => note({ signal }))),
  // The server does not wait for the child and ends before it.
  child: (_, detached) => {
    const child = spawn("sleep", ["60"], { stdio: "ignore", detached })
    child.unref()
    note({ child: child.pid })
  }
}

const run = async (id, list) => {
  for (const [step, ...more] of list ?? []) await steps[step](id, ...more)
}

const greet = (id, { protocolVersion }) =>
  send({
    id,
    result: {
      protocolVersion,
      capabilities: { tools: { listChanged: true } },
      serverInfo: { name: "scripted", version: "1" }
    }
  })

const told = (result) => result.action ?? Object.keys(result).length

const answer = async (message) => {
  const { error, id, method, params } = message
  if (method === undefined)
    return note({ told: error?.code ?? told(message.result), after: performance.now() - now.asked })
  note({ method, ...(method === "tools/call" ? { tool: params.name } : {}) })
  switch (method) {
    case "initialize":
      return script.initialize === undefined ? greet(id, params) : run(id, script.initialize)
    case "tools/list": {
      now.cursor = params?.cursor ?? ""
      const page = script.pages?.[now.cursor]
      if (page !== undefined) await run(id, page)
      else if (script.list === undefined) await send({ id, result: { tools: now.tools } })
      else await run(id, script.list)
      return run(id, script.listed)
    }
    case "ping":
      return script.ping === undefined ? send({ id, result: {} }) : run(id, script.ping)
    case "tools/call": {
      now.token = params._meta?.progressToken
      const own = script.calls?.[params.name]
      return own === undefined ? result(id, JSON.stringify(params.arguments)) : run(id, own)
    }
    case "notifications/cancelled":
      return run(params.requestId, script.cancelled)
  }
}

note({ pid: process.pid })
const begun = run(null, script.start)
let rest = ""
process.stdin.setEncoding("utf8")
process.stdin.on("data", (chunk) => {
  const lines = rest.concat(String(chunk)).split("\n")
  rest = lines.pop()
  for (const line of lines) void begun.then(() => answer(JSON.parse(line)))
})
