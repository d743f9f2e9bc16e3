import * as fs from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Schema } from "effect"
import type { StdioServer } from "@parley/domain/McpServerConfig"
import type {
  Elicitation,
  ElicitationAnswer,
  Sampling,
  ServerRequests as Requests
} from "@parley/domain/ServerRequests"
import { zero } from "@parley/domain/Usage"
import { askingServer, logging, withServer } from "./asking.ts"
import { context, directory, eventually, everything, logged, readLog } from "./support.ts"
import { inTime, promptly } from "@parley/harness/promptly"

const accept = (content: Extract<ElicitationAnswer, { readonly _tag: "Accept" }>["content"]): Requests => ({
  elicit: () => Effect.succeed({ _tag: "Accept", content })
})

const form = (properties: { readonly [key: string]: Schema.Json }, required: ReadonlyArray<string> = []) => ({
  method: "elicitation/create",
  params: {
    message: "Who \u001b[31mare you?",
    requestedSchema: { type: "object", properties, required: [...required] }
  }
})
const url = (address: string) => ({
  method: "elicitation/create",
  params: { mode: "url", message: "Sign in", url: address, elicitationId: "1" }
})
const sampling = (more: { readonly [key: string]: Schema.Json } = {}) => ({
  method: "sampling/createMessage",
  params: { messages: [{ role: "user", content: { type: "text", text: "hi" } }], maxTokens: 1_000_000, ...more }
})

const Said = Schema.fromJsonString(
  Schema.Struct({
    result: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)),
    error: Schema.optionalKey(Schema.Struct({ code: Schema.Int, message: Schema.String })),
    millis: Schema.optionalKey(Schema.Int)
  })
)
const decode = Schema.decodeUnknownSync(Said)

describe("requests without a handler", () => {
  it.live("are not offered and declined at once; ping is answered, and unknown methods are refused", () =>
    Effect.gen(function* () {
      const log = join(yield* directory, "log")
      const refused: Array<string> = []
      const requests: Requests = {
        refused: (server, method) => Effect.sync(() => void refused.push(`${server} ${method}`))
      }
      yield* withServer(logging(log), requests, (call) =>
        Effect.gen(function* () {
          const asked = (method: string, params: Schema.Json) =>
            Effect.map(call("ask", { method, params }), (text) => decode(text))
          const { method, params } = form({})
          const elicited = yield* asked(method, params)
          assert.deepStrictEqual(elicited.result, { action: "decline" })
          const sampled = yield* asked("sampling/createMessage", sampling().params)
          assert.strictEqual(sampled.error?.code, -32601)
          assert.strictEqual((yield* asked("roots/list", {})).error?.code, -32601)
          assert.strictEqual((yield* asked("made/up", {})).error?.code, -32601)
          assert.deepStrictEqual((yield* asked("ping", {})).result, {})
          promptly(Math.max(elicited.millis ?? 9999, sampled.millis ?? 9999), 1000)
        })
      )
      assert.deepStrictEqual(yield* logged(log, "capabilities"), {})
      assert.deepStrictEqual(refused, ["s elicitation/create", "s sampling/createMessage"])
    })
  )

  it.live("sampling is offered only if the configuration allows it or a user can be asked", () =>
    Effect.gen(function* () {
      const here = yield* directory
      const sample: Requests["sample"] = () => Effect.succeed({ _tag: "Declined", reason: "no" })
      const elicit: Requests["elicit"] = () => Effect.succeed({ _tag: "Decline" })
      const offered = (name: string, config: Partial<StdioServer>, requests: Requests) =>
        Effect.gen(function* () {
          const log = join(here, name)
          yield* withServer(logging(log, config), requests, (call) => call("slow", { millis: 0 }))
          return Object.keys(Object(yield* logged(log, "capabilities"))).join()
        })
      assert.strictEqual(yield* offered("a", {}, { sample, elicit }), "elicitation")
      assert.strictEqual(yield* offered("b", { sampling: "allow" }, { sample }), "sampling")
      assert.strictEqual(yield* offered("c", { sampling: "ask" }, { sample }), "")
      assert.strictEqual(yield* offered("d", { sampling: "ask" }, { sample, elicit }), "elicitation,sampling")
      assert.strictEqual(yield* offered("e", { sampling: "deny" }, { sample }), "")
    })
  )
})

describe("elicitation", () => {
  it.live("fills in the form's defaults, and shows the server and its question safely for a terminal", () => {
    const seen: Array<Elicitation> = []
    const requests: Requests = {
      elicit: (request) => {
        seen.push(request)
        return Effect.succeed({ _tag: "Accept", content: {} })
      }
    }
    const asked = form(
      {
        name: { type: "string", title: "\u001b[2JName", default: "Ada" },
        age: { type: "integer", default: 36 },
        score: { type: "number", default: 9.5 },
        ok: { type: "boolean", default: true },
        kind: { type: "string", enum: ["a", "b"], default: "b" },
        none: { type: "string" }
      },
      ["name"]
    )
    return withServer(askingServer, requests, (call) =>
      Effect.gen(function* () {
        const { result } = decode(yield* call("ask", asked))
        assert.deepStrictEqual(result, {
          action: "accept",
          content: { name: "Ada", age: 36, score: 9.5, ok: true, kind: "b" }
        })
        const [request] = seen
        assert.strictEqual(request?.server, "s")
        assert.deepStrictEqual(request?.calls, [context.reference])
        assert.strictEqual(request?.message, "Who [31mare you?")
        assert.strictEqual(request?._tag === "Form" ? request.fields[0]?.title : "", "[2JName")
      })
    )
  })

  it.live("sends no answer that does not fit the form", () =>
    Effect.gen(function* () {
      const asked = form({ age: { type: "integer", minimum: 1 }, mail: { type: "string", format: "email" } }, ["age"])
      const answered = (content: Parameters<typeof accept>[0]) =>
        withServer(askingServer, accept(content), (call) =>
          Effect.map(call("ask", asked), (text) => decode(text).result?.["action"])
        )
      assert.strictEqual(yield* answered({ age: 3, mail: "a@b" }), "accept")
      for (const content of [{}, { age: 0 }, { age: 1.5 }, { age: "3" }, { age: 3, mail: "no" }, { age: 3, more: "x" }])
        assert.strictEqual(yield* answered(content), "cancel")
    })
  )

  it.live("shows only web addresses, and flat forms of limited size", () => {
    const seen: Array<string> = []
    const requests: Requests = {
      elicit: (request) => {
        seen.push(request._tag === "Url" ? `${request.host} ${request.url}` : "form")
        return Effect.succeed({ _tag: "Accept", content: {} })
      }
    }
    const many = Object.fromEntries(Array.from({ length: 31 }, (_, i) => [`f${i}`, { type: "string" }]))
    return withServer(askingServer, requests, (call) =>
      Effect.gen(function* () {
        const good = decode(yield* call("ask", url("https://exämple.org/a?b=`c`")))
        assert.deepStrictEqual(good.result, { action: "accept", content: {} })
        for (const address of ["javascript:alert(1)", "file:///etc/passwd", "https://good.org@evil.org/"])
          assert.strictEqual(decode(yield* call("ask", url(address))).error?.code, -32602, address)
        const nested = form({ deep: { type: "object", properties: {} } })
        assert.strictEqual(decode(yield* call("ask", nested)).error?.code, -32602)
        assert.strictEqual(decode(yield* call("ask", form(many))).error?.code, -32602)
        assert.deepStrictEqual(seen, ["xn--exmple-cua.org https://xn--exmple-cua.org/a?b=`c`"])
      })
    )
  })

  it.live("is limited to twenty requests during a call", () =>
    withServer(askingServer, accept({}), (call) =>
      Effect.gen(function* () {
        const many = yield* call("ask_many", { ...form({}), times: 25 })
        assert.strictEqual(many.split('"accept"').length - 1, 20)
        assert.strictEqual(many.split('"cancel"').length - 1, 5)
        assert.include(yield* call("ask", form({})), '"accept"')
      })
    )
  )

  it.live("does not count as the tool's time, and ends with its call", () =>
    Effect.gen(function* () {
      const ended = yield* Deferred.make<void>()
      const requests: Requests = {
        elicit: ({ message }) =>
          message === "wait"
            ? Effect.onInterrupt(Effect.never, () => Deferred.succeed(ended, undefined))
            : Effect.as(Effect.sleep("900 millis"), { _tag: "Decline" })
      }
      yield* withServer({ ...askingServer, timeoutMillis: 400 }, requests, (call) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(decode(yield* call("ask", form({}))).result, { action: "decline" })
          assert.include(yield* call("slow", { millis: 5000 }), "Lost: no answer within 0.4 s")
          const waiting = { method: "elicitation/create", params: { ...form({}).params, message: "wait" } }
          const fiber = yield* Effect.forkChild(call("ask", waiting), { startImmediately: true })
          yield* Effect.sleep("600 millis")
          assert.isFalse(yield* Deferred.isDone(ended))
          yield* Fiber.interrupt(fiber)
          yield* Deferred.await(ended).pipe(inTime(1000))
        })
      )
    })
  )

  it.live("an address that the server requires first is named in the result, and not opened", () =>
    withServer(askingServer, {}, (call) =>
      Effect.gen(function* () {
        const said = yield* call("required", { url: "https://sign.in/x" })
        assert.include(said, "- https://sign.in/x (on sign.in): sign in")
        assert.include(said, "call the tool again")
        assert.notInclude(yield* call("required", { url: "javascript:alert(1)" }), "javascript:")
      })
    )
  )

  it.live("server-everything has its form, its address and its sampling answered", () =>
    withServer(
      { ...everything("stdio"), sampling: "allow" },
      {
        elicit: (request) =>
          Effect.succeed({ _tag: "Accept", content: request._tag === "Form" ? { name: "Ada" } : {} }),
        sample: ({ messages, system }) =>
          Effect.succeed({
            _tag: "Answered",
            text: `${system} ${messages.length}`,
            model: "m/x",
            stop: "endTurn",
            usage: zero
          })
      },
      (call) =>
        Effect.gen(function* () {
          const filled = yield* eventually(call("trigger-elicitation-request"), (said) => !said.includes("no tool"))
          assert.include(filled, "- Name: Ada")
          assert.include(filled, '"firstLine": "It was a dark and stormy night."')
          assert.include(yield* call("trigger-url-elicitation", { url: "https://example.org/" }), "completed the URL")
          const required = yield* call("trigger-url-elicitation", { url: "https://example.org/2", errorPath: true })
          assert.include(required, "https://modelcontextprotocol.io/")
          assert.include(yield* call("trigger-sampling-request", { prompt: "hi" }), "You are a helpful test server. 1")
        })
    )
  )
})

describe("sampling", () => {
  it.live("is limited to five requests per call, our own token limit, and the size of a result", () => {
    const seen: Array<Sampling> = []
    const requests: Requests = {
      sample: (request) => {
        seen.push(request)
        return Effect.succeed({ _tag: "Answered", text: "yes", model: "m/x", stop: "endTurn", usage: zero })
      }
    }
    return withServer({ ...askingServer, sampling: "allow" }, requests, (call) =>
      Effect.gen(function* () {
        const many = yield* call("ask_many", { ...sampling({ systemPrompt: "Be brief" }), times: 7 })
        assert.strictEqual(many.split('"text":"yes"').length - 1, 5)
        assert.strictEqual(many.split('"code":-1').length - 1, 2)
        assert.strictEqual(seen.length, 5)
        assert.deepInclude(seen[0], { server: "s", ask: false, system: "Be brief", maxTokens: 4096 })
        const long = { messages: [{ role: "user", content: { type: "text", text: "x".repeat(200_001) } }] }
        assert.strictEqual(decode(yield* call("ask", sampling(long))).error?.code, -1)
        assert.strictEqual(decode(yield* call("ask", sampling())).result?.["model"], "m/x")
        assert.strictEqual(seen.length, 6)
      })
    )
  })
})

describe("roots", () => {
  it.live("are exactly the configured ones, with their real paths", () =>
    Effect.gen(function* () {
      const here = yield* directory
      fs.mkdirSync(join(here, "in side"))
      fs.symlinkSync(join(here, "in side"), join(here, "link"))
      const config = { ...askingServer, roots: ["link", "gone"] }
      const said = yield* withServer(config, {}, (call) => call("ask", { method: "roots/list", params: {} }), {
        workspaceRoot: here
      })
      const uri = `file://${here}/in%20side`
      assert.deepStrictEqual(decode(said).result, { roots: [{ uri, name: "in side" }] })
    })
  )
})

describe("a server that ignores cancellation", () => {
  it.live("is restarted, and its other calls end as lost", () =>
    Effect.gen(function* () {
      const log = join(yield* directory, "log")
      yield* withServer(
        logging(log, { timeoutMillis: 2000 }),
        {},
        (call) =>
          Effect.gen(function* () {
            const starts = () => Effect.map(readLog(log), (all) => all.filter((entry) => "pid" in entry).length)
            assert.include(yield* call("hang"), "Lost: no answer")
            yield* logged(log, "cancelled")
            yield* Effect.sleep("700 millis")
            assert.strictEqual(yield* starts(), 1)
            const other = yield* Effect.forkChild(call("slow", { millis: 60_000 }), { startImmediately: true })
            const given = yield* Effect.forkChild(call("hang", { deaf: true }), { startImmediately: true })
            yield* Effect.sleep("200 millis")
            yield* Fiber.interrupt(given)
            assert.include(yield* Fiber.join(other), "Lost: the connection closed")
            yield* eventually(starts(), (count) => count === 2)
            yield* eventually(call("slow", { millis: 0 }), (said) => said === '"done"')
          }),
        { pingTimeout: "400 millis" }
      )
    })
  )
})
