import { execFile } from "node:child_process"
import { createServer } from "node:http"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit, Layer, Scope } from "effect"
import { McpManager, type ServerStatus } from "@parley/domain/McpManager"
import {
  context,
  directory,
  eventually,
  filesystem,
  freePort,
  isRunning,
  logged,
  manager as managerLayer,
  rawServer,
  readLog,
  textOf,
  withManager
} from "./support.ts"
import { promptly } from "@parley/harness/promptly"

const leavingAbruptly = fileURLToPath(new URL("./fixtures/leaving-abruptly.ts", import.meta.url))

const problems = (statuses: ReadonlyArray<ServerStatus>) =>
  Object.fromEntries(statuses.map(({ name, problem }) => [name, problem]))

it.live("only the user's own configuration can mark a tool as safe to repeat, or as strict", () =>
  withManager(
    {
      servers: {
        fs: {
          ...filesystem("."),
          readOnlyTools: ["read_text_file"],
          idempotentTools: ["write_file", "read_text_file"],
          strictTools: ["write_file"]
        }
      }
    },
    (manager) =>
      Effect.map(manager.tools, (tools) => {
        const marks = tools.flatMap(({ safeToRepeat, tool }) =>
          safeToRepeat === undefined ? [] : [[tool, safeToRepeat]]
        )
        assert.deepStrictEqual(marks, [
          ["read_text_file", "read-only"],
          ["write_file", "idempotent"]
        ])
        assert.deepStrictEqual(
          tools.flatMap(({ strict, tool }) => (strict === true ? [tool] : [])),
          ["write_file"]
        )
      })
  )
)

describe("starting", () => {
  it.live("fails separately for each bad server, with a reason, and the good ones work", () =>
    Effect.gen(function* () {
      const directoryPath = yield* directory
      const port = yield* freePort
      const html = yield* Effect.acquireRelease(
        Effect.callback<ReturnType<typeof createServer>>((resume) => {
          const server = createServer((request, response) => {
            response.writeHead(request.url === "/locked" ? 401 : 200, { "content-type": "text/html" })
            response.end("<html>\u001b[31mhello</html>")
          }).listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) =>
          Effect.sync(() => {
            server.closeAllConnections()
            server.close()
          })
      )
      const address = html.address()
      const web = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
      const servers = {
        good: rawServer(),
        missing: { command: "parley-no-such-command" },
        forbidden: { command: join(directoryPath) },
        nowhere: { ...rawServer(), cwd: join(directoryPath, "gone") },
        nul: { command: "a\u0000b" },
        exits: rawServer("--exit"),
        silent: { ...rawServer("--silent"), startTimeoutMillis: 700 },
        refused: { url: `http://127.0.0.1:${port}/mcp` },
        page: { url: `${web}/mcp` },
        locked: { url: `${web}/locked` },
        address: { url: "http://[" },
        off: { command: "parley-no-such-command", disabled: true },
        alsoGood: rawServer()
      }
      yield* withManager({ servers }, (manager) =>
        Effect.gen(function* () {
          const statuses = yield* manager.servers
          assert.deepStrictEqual(
            statuses.filter(({ state }) => state === "ready").map(({ name, tools }) => [name, tools]),
            [
              ["good", 9],
              ["alsoGood", 9]
            ]
          )
          const said = problems(statuses)
          assert.deepStrictEqual(
            Object.keys(said),
            Object.keys(servers).filter((name) => name !== "off")
          )
          assert.strictEqual(said["missing"], "the command parley-no-such-command was not found")
          assert.match(said["forbidden"] ?? "", /cannot be executed$/)
          assert.match(said["nowhere"] ?? "", /^there is no directory .*gone$/)
          assert.match(said["nul"] ?? "", /could not be started/)
          assert.strictEqual(said["exits"], "it exited with code 3 (stderr: cannot open the database | second line)")
          assert.strictEqual(
            said["silent"],
            "it did not answer within 0.7 s; if it needs longer, set its startTimeoutMillis to more, such as 60000"
          )
          assert.match(said["refused"] ?? "", /ECONNREFUSED/)
          assert.match(said["locked"] ?? "", /HTTP 401.*`headers`/)
          assert.match(said["page"] ?? "", /text\/html/)
          assert.match(said["address"] ?? "", /address is not usable/)
          for (const problem of Object.values(said)) assert.notMatch(problem ?? "", /\p{Cc}/u)

          const tools = yield* manager.tools
          assert.deepStrictEqual([...new Set(tools.map(({ server }) => server))], ["alsoGood", "good"])
          const { content } = yield* manager.call("good__echo", { text: "works" }, context)
          assert.include(textOf(content), "works")
        })
      )
    })
  )

  it.live("takes as long as the slowest server, not the sum, and building the layer takes no time", () =>
    Effect.gen(function* () {
      const silent = { ...rawServer("--silent"), startTimeoutMillis: 1000 }
      const servers = Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`s${i}`, silent]))
      const before = yield* Clock.currentTimeMillis
      yield* withManager({ servers }, (manager) =>
        Effect.gen(function* () {
          promptly((yield* Clock.currentTimeMillis) - before, 800)
          assert.deepStrictEqual(yield* manager.tools, [])
          promptly((yield* Clock.currentTimeMillis) - before, 4000)
        })
      )
    })
  )

  it.live("drops bad tools and keeps the others", () =>
    withManager({ servers: { raw: rawServer("--bad-tools") } }, (manager) =>
      Effect.gen(function* () {
        assert.strictEqual((yield* manager.tools).length, 9)
        const [status] = yield* manager.servers
        assert.strictEqual(status?.state, "ready")
        assert.strictEqual(status?.tools, 9)
        assert.match(
          status?.problem ?? "",
          /^8 tools left out: no_schema \(its input schema is not an object\), .*5 more$/
        )
        assert.deepStrictEqual(
          status?.leftOut?.map(({ tool }) => tool),
          ["no_schema", "text_schema", "banana", "array_schema", "number 14", "number 15", "echo", "as_task"]
        )
        assert.isFalse((yield* manager.call("raw__echo", { text: "a" }, context)).isError)
      })
    )
  )

  it.live("does not follow a list of tools that never ends", () =>
    withManager({ servers: { raw: rawServer("--endless-pages") } }, (manager) =>
      Effect.gen(function* () {
        const [status] = yield* manager.servers
        assert.deepStrictEqual(status, {
          name: "raw",
          state: "ready",
          tools: 64,
          problem: "its list of tools did not end and was cut"
        })
      })
    )
  )

  it.live("is not disturbed by a flood on standard error, and does not show it", () =>
    Effect.gen(function* () {
      const heard = { characters: 0 }
      yield* withManager(
        {
          servers: { raw: rawServer("--flood") },
          restarts: { maxDeaths: 1 },
          onStderr: (server, text) => {
            assert.strictEqual(server, "raw")
            heard.characters += text.length
          }
        },
        (manager) =>
          Effect.gen(function* () {
            assert.isFalse((yield* manager.call("raw__echo", { text: "a" }, context)).isError)
            yield* eventually(
              Effect.sync(() => heard.characters),
              (n) => n >= 40 * 8 * 1024 * 10
            )
            yield* Effect.flip(manager.call("raw__crash", {}, context))
            const [status] = yield* eventually(manager.servers, ([status]) => status?.state === "failed")
            // The error message: one short line from a megabyte of output.
            assert.match(status?.problem ?? "", /^it was ended by SIGKILL \(stderr: (flood )+/)
            assert.isBelow(status?.problem?.length ?? 0, 1100)
          })
      )
    })
  )
})

describe("ending", () => {
  const flags: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
    ["leave when asked", []],
    ["leave a grandchild behind", ["--grandchild"]],
    ["ignore the end of input and every signal that can be ignored", ["--deaf", "--grandchild"]]
  ]
  it.live("leaves no process behind, including grandchildren, and ends all servers concurrently", () =>
    Effect.gen(function* () {
      const logs = yield* directory
      const servers = Object.fromEntries(
        flags.flatMap(([, options], i) =>
          [0, 1].map((copy) => [`s${i}-${copy}`, rawServer(...options, `--log=${join(logs, `${i}-${copy}`)}`)])
        )
      )
      const scope = yield* Scope.make()
      const services = yield* Layer.buildWithScope(managerLayer({ servers, closeGrace: "300 millis" }), scope)
      yield* Effect.flatMap(McpManager, ({ tools }) => tools).pipe(Effect.provide(services))
      const pids = (yield* Effect.forEach(Object.keys(servers), (name) => readLog(join(logs, name.slice(1)))))
        .flat()
        .flatMap((entry) => [entry["pid"], entry["grandchild"]])
        .filter((pid) => pid !== undefined)
      assert.strictEqual(pids.length, 10)
      assert.isTrue(pids.every(isRunning))

      const before = yield* Clock.currentTimeMillis
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(pids.filter(isRunning), [])
      // Six servers, two of which use up both grace periods. They end concurrently, not one after the other.
      promptly((yield* Clock.currentTimeMillis) - before, 2500)
      assert.strictEqual(yield* logged(join(logs, "2-0"), "signal"), "SIGTERM")
    })
  )

  it.live("also ends a server that is still starting", () =>
    Effect.gen(function* () {
      const log = join(yield* directory, "log")
      const scope = yield* Scope.make()
      yield* Layer.buildWithScope(
        managerLayer({ servers: { s: rawServer("--silent", "--grandchild", `--log=${log}`) } }),
        scope
      )
      const grandchild = yield* logged(log, "grandchild")
      const pid = yield* logged(log, "pid")
      assert.isTrue(isRunning(pid) && isRunning(grandchild))
      yield* Scope.close(scope, Exit.void)
      assert.isFalse(isRunning(pid) || isRunning(grandchild))
    })
  )

  it.live("immediately ends what a server that has died left behind", () =>
    Effect.gen(function* () {
      const log = join(yield* directory, "log")
      yield* withManager({ servers: { s: rawServer("--grandchild", `--log=${log}`) } }, (manager) =>
        Effect.gen(function* () {
          yield* manager.tools
          const grandchild = yield* logged(log, "grandchild")
          assert.isTrue(isRunning(grandchild))
          const crash = yield* Effect.flip(manager.call("s__crash", {}, context))
          assert.strictEqual(crash.reason, "Lost")
          yield* eventually(
            Effect.sync(() => isRunning(grandchild)),
            (running) => !running
          )
        })
      )
    })
  )

  it.live("shows no output of servers, and kills them if the process exits without closing its scopes", () =>
    Effect.gen(function* () {
      const log = join(yield* directory, "log")
      const output = yield* Effect.callback<string>((resume) => {
        execFile(process.execPath, [leavingAbruptly, log], (error, stdout, stderr) =>
          resume(Effect.succeed(`${error?.message ?? ""}${stdout}${stderr}`))
        )
      })
      // The server's output is not shown. At most a warning reports that it was not a protocol message.
      assert.match(
        output,
        /^(\[[\d:.]+\] WARN \(#\d+\): the MCP server raw wrote something to its [a-z ]+; it was ignored\n)?$/
      )
      const pids = (yield* readLog(log)).flatMap((entry) => [entry["pid"], entry["grandchild"]])
      const running = Effect.sync(() => pids.filter((pid) => pid !== undefined && isRunning(pid)))
      assert.strictEqual(pids.filter((pid) => pid !== undefined).length, 2)
      yield* eventually(running, (left) => left.length === 0)
    })
  )
})
