import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { env } from "node:process"
import { assert, it } from "@effect/vitest"
import { Effect, Option, Schema } from "effect"
import { message, messageStart, text, toolUse } from "@parley/harness/Events"
import { type Reply, serve } from "@parley/harness/SseServer"

const script = join(import.meta.dirname, "support/strays.ts")
const rawServer = join(import.meta.dirname, "../../mcp/test/fixtures/raw-server.mjs")

const Count = Schema.Struct({
  fibers: Schema.Int,
  children: Schema.Int,
  files: Schema.String,
  resources: Schema.String,
  connections: Schema.Int
})
const Lines = Schema.Array(
  Schema.fromJsonString(Schema.Struct({ way: Schema.String, round: Schema.String, before: Count, after: Count }))
)

/** No connection is kept for the next request: whatever is open afterwards was forgotten. */
const headers = { connection: "close" }
const calls = (tool: string, input: string): Reply => ({
  headers,
  body: [message("tool_use", toolUse(0, "toolu_1", `raw__${tool}`, input))]
})
const answers: Reply = { headers, body: [message("end_turn", text(0, "done"))] }
const hangs: Reply = { headers, body: [messageStart(), text(0, "one moment")], last: "hang" }
const error = (status: number, type: string): Reply => ({
  status,
  headers: { ...headers, "content-type": "application/json" },
  body: [JSON.stringify({ type: "error", error: { type, message: "scripted" } })]
})

it.live("invariant 34: however handling a message ends, no fiber, timer, socket, file or process is left of it", () =>
  Effect.gen(function* () {
    const echo = calls("echo", '{"text":"a"}')
    const replies = [
      echo,
      answers,
      echo,
      answers,
      error(400, "invalid_request_error"),
      hangs,
      hangs,
      calls("hang", "{}"),
      error(529, "overloaded_error"),
      echo,
      answers
    ]
    const server = yield* serve(...replies)
    const directory = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "parley-strays-"))),
      (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
    )
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(process.execPath, [script, server.url, rawServer, directory], {
          env: { PATH: env["PATH"], HOME: directory },
          stdio: ["ignore", "pipe", "pipe"]
        })
      ),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    )
    let out = ""
    let err = ""
    child.stdout.setEncoding("utf8").on("data", (data: string) => (out += data))
    child.stderr.setEncoding("utf8").on("data", (data: string) => (err += data))
    const code = yield* Effect.callback<number | null>((resume) => {
      child.on("close", (code) => resume(Effect.succeed(code)))
    }).pipe(Effect.timeoutOption("2 minutes"))
    assert.match(
      err,
      /^timestamp=\S+ level=WARN? .*message="the MCP server raw wrote something to its standard output that is not a protocol message; it was ignored"\n$/
    )
    const lines = yield* Schema.decodeEffect(Lines)(out.trim().split("\n"))
    assert.deepStrictEqual(
      lines.map(({ round, way }) => `${way}: ${round}`),
      [
        "warm up: completed",
        "success: completed",
        "failure: failed",
        "interrupted in the stream: interrupted",
        "cancelled in the stream: cancelled",
        "interrupted in a tool: interrupted",
        "cancelled before a retry: cancelled",
        "success again: completed",
        "the engine: closed"
      ]
    )
    // The first message starts the tool server and loads the provider's SDK; what a process keeps of a session between
    // messages, its fold, is there from then on.
    for (const { after, before, way } of lines.slice(1)) {
      // Node's `fetch` opens one spare connection to a server after it has broken one off, for the next request. It keeps
      // nothing alive, and there is never a second.
      assert.isAtMost(after.connections, 1, way)
      assert.deepStrictEqual({ ...after, connections: 0 }, { ...before, connections: 0 }, way)
    }
    assert.deepStrictEqual(code, Option.some(0), "it leaves by itself, which it can when nothing keeps its event loop")
    assert.strictEqual(lines[1]?.before.children, 1)
    assert.isAbove(lines[1]?.before.fibers ?? 0, 1)
    assert.strictEqual(server.received.length, replies.length)
  })
)
