import * as fs from "node:fs"
import { join } from "node:path"
import { env } from "node:process"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Schema } from "effect"
import {
  context,
  directory,
  eventually,
  everything,
  filesystem,
  freePort,
  httpServer,
  textOf,
  v1Server,
  v2Server,
  withManager
} from "./support.ts"
import { inTime } from "@parley/harness/promptly"

const Environment = Schema.fromJsonString(Schema.Record(Schema.String, Schema.String))
const decodeEnvironment = Schema.decodeEffect(Environment)

describe.concurrent("real servers", () => {
  it.live("work over stdio concurrently: everything, filesystem, SDK v1, SDK v2", () =>
    Effect.gen(function* () {
      const root = yield* directory
      fs.writeFileSync(join(root, "note.txt"), "from the file system")
      const servers = {
        everything: everything("stdio"),
        filesystem: filesystem(root),
        v1: v1Server(),
        v2: v2Server(),
        broken: { command: "parley-no-such-command" }
      }
      yield* Effect.acquireRelease(
        Effect.sync(() => (env["PARLEY_TEST_SECRET"] = "sk-canary")),
        () => Effect.sync(() => delete env["PARLEY_TEST_SECRET"])
      )
      yield* withManager({ servers, workspaceRoot: root }, (manager) =>
        Effect.gen(function* () {
          const statuses = yield* manager.servers
          assert.deepStrictEqual(
            statuses.filter(({ state }) => state === "restarting").map(({ name }) => name),
            ["broken"]
          )
          const names = (yield* manager.tools).map(({ name }) => name)
          assert.deepStrictEqual(names, [...names].sort())
          assert.strictEqual(new Set(names).size, names.length)
          assert.includeMembers(names, ["everything__echo", "filesystem__read_text_file", "v1__add", "v2__multiply"])
          // It can only be run as a task, which we do not support.
          assert.notInclude(names, "everything__simulate-research-query")

          const say = (name: string, input: Record<string, Schema.Json>) =>
            Effect.map(manager.call(name, input, context), ({ content }) => textOf(content))
          assert.strictEqual(yield* say("v1__add", { a: 2, b: 3 }), "5")
          assert.strictEqual(yield* say("v2__multiply", { a: 2, b: 3 }), "6")
          assert.strictEqual(yield* say("everything__echo", { message: "hi" }), "Echo: hi")
          assert.strictEqual(
            yield* say("filesystem__read_text_file", { path: join(root, "note.txt") }),
            "from the file system"
          )
          const denied = yield* manager.call("filesystem__read_text_file", { path: "/etc/passwd" }, context)
          assert.isTrue(denied.isError)
          assert.match(textOf(denied.content), /Access denied/)

          const image = yield* manager.call("everything__get-tiny-image", {}, context)
          assert.isTrue(image.content.some((part) => part._tag === "Image" && part.mediaType === "image/png"))
          assert.match(yield* say("everything__get-resource-links", { count: 2 }), /\[link .*<.*>/)
          assert.match(
            yield* say("everything__get-resource-reference", { resourceType: "Text", resourceId: 1 }),
            /\[resource </
          )

          const seen = yield* decodeEnvironment(yield* say("everything__get-env", {}))
          assert.notProperty(seen, "PARLEY_TEST_SECRET")
          const allowed = /^(PATH|HOME|LANG|LC_.*|TERM|TMPDIR|USER|SHELL)$/
          assert.deepStrictEqual(
            Object.keys(seen).filter((name) => !allowed.test(name)),
            ["PARLEY_SERVER"]
          )
        })
      )
    })
  )

  it.live("work over streamable HTTP: server-everything", () =>
    Effect.gen(function* () {
      const port = yield* freePort
      yield* httpServer(everything("streamableHttp"), /listening|port/i, { PORT: String(port) })
      yield* withManager(
        { servers: { web: { url: `http://127.0.0.1:${port}/mcp`, timeoutMillis: 1000 } } },
        (manager) =>
          Effect.gen(function* () {
            assert.deepStrictEqual(
              (yield* manager.servers).map(({ state }) => state),
              ["ready"]
            )
            const { content } = yield* manager.call("web__echo", { message: "over HTTP" }, context)
            assert.strictEqual(textOf(content), "Echo: over HTTP")
            const slow = yield* Effect.flip(
              manager.call("web__trigger-long-running-operation", { duration: 30, steps: 3 }, context)
            )
            assert.strictEqual(slow.reason, "Lost")
            const again = yield* manager.call("web__get-sum", { a: 1, b: 2 }, context)
            assert.match(textOf(again.content), /3/)
          })
      )
    })
  )

  it.live("work over HTTP in the 2026 revision of the protocol, with the configured headers", () =>
    Effect.gen(function* () {
      const { line } = yield* httpServer(v2Server("--http"), /listening/)
      const url = `http://127.0.0.1:${line.replace(/\D/g, "")}/mcp`
      yield* withManager({ servers: { good: { url, headers: { "x-token": "secret" } }, locked: { url } } }, (manager) =>
        Effect.gen(function* () {
          const [good, locked] = yield* eventually(manager.servers, ([, locked]) => locked?.state === "restarting")
          assert.deepStrictEqual(good, { name: "good", state: "ready", tools: 3 })
          assert.match(locked?.problem ?? "", /HTTP 401/)
          const era = yield* manager.call("good__protocol", {}, context)
          assert.strictEqual(textOf(era.content), '"2026-07-28"')
          const product = yield* manager.call("good__multiply", { a: 6, b: 7 }, context)
          assert.strictEqual(textOf(product.content), "42")
          const wait = yield* Effect.forkChild(manager.call("good__wait", {}, context), { startImmediately: true })
          yield* Effect.sleep("100 millis")
          yield* Fiber.interrupt(wait)
        })
      )
    })
  )

  it.live("lose the running call when their HTTP process is killed, and do not get the next call", () =>
    Effect.gen(function* () {
      const modern = yield* httpServer(v2Server("--http"), /listening/)
      const port = yield* freePort
      const legacy = yield* httpServer(everything("streamableHttp"), /listening|port/i, { PORT: String(port) })
      const servers = {
        modern: {
          url: `http://127.0.0.1:${modern.line.replace(/\D/g, "")}/mcp`,
          headers: { "x-token": "secret" }
        },
        legacy: { url: `http://127.0.0.1:${port}/mcp` }
      }
      yield* withManager({ servers, restarts: { firstDelayMillis: 20 } }, (manager) =>
        Effect.gen(function* () {
          yield* manager.tools
          const calls = yield* Effect.forkChild(
            Effect.all(
              [
                Effect.flip(manager.call("modern__wait", {}, context)),
                Effect.flip(manager.call("legacy__trigger-long-running-operation", { duration: 60, steps: 2 }, context))
              ],
              { concurrency: "unbounded" }
            ),
            { startImmediately: true }
          )
          yield* Effect.sleep("300 millis")
          yield* modern.kill
          yield* legacy.kill
          const lost = yield* Fiber.join(calls).pipe(inTime(10_000))
          assert.deepStrictEqual(
            lost.map(({ reason }) => reason),
            ["Lost", "Lost"]
          )
          const next = yield* Effect.flip(manager.call("modern__wait", {}, context))
          assert.strictEqual(next.reason, "NotSent")
          assert.match(next.problem, /ECONNREFUSED/)
        })
      )
    })
  )
})
