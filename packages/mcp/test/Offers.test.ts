import { join } from "node:path"
import { fileURLToPath } from "node:url"
import process from "node:process"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Schema } from "effect"
import { context, directory, eventually, everything, httpServer, readLog, v2Server, withManager } from "./support.ts"
import { promptly } from "@parley/harness/promptly"

const path = fileURLToPath(new URL("./fixtures/offers-server.mjs", import.meta.url))
const offers = (...args: ReadonlyArray<string>) => ({ command: process.execPath, args: [path, ...args] })
// Characters that a terminal interprets, or that hide text.
// eslint-disable-next-line no-control-regex -- control characters are what this is about
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/
const encode = Schema.encodeUnknownSync(Schema.fromJsonString(Schema.Unknown))

describe.concurrent("resources, templates and prompts", () => {
  it.live("of the reference server are listed and read", () =>
    withManager({ servers: { everything: everything("stdio") }, workspaceRoot: "/" }, (manager) =>
      Effect.gen(function* () {
        const resources = yield* manager.resources
        const uris = resources.map(({ uri }) => uri)
        assert.include(uris, "demo://resource/static/document/features.md")
        assert.deepStrictEqual(uris, [...uris].sort())
        assert.isTrue(resources.every(({ server }) => server === "everything"))
        const templates = yield* manager.resourceTemplates
        assert.include(
          templates.map(({ uriTemplate }) => uriTemplate),
          "demo://resource/dynamic/text/{resourceId}"
        )
        const prompts = yield* manager.prompts
        assert.deepStrictEqual(prompts.find(({ name }) => name === "args-prompt")?.arguments, [
          { name: "city", required: true, description: "Name of the city" },
          { name: "state", required: false }
        ])
        const [file] = yield* manager.readResource("everything", "demo://resource/static/document/features.md")
        assert.strictEqual(file?._tag, "Text")
        assert.include(file?._tag === "Text" ? file.text : "", "Everything Server")
        const [filled] = yield* manager.readResource("everything", "demo://resource/dynamic/text/7")
        assert.match(filled?._tag === "Text" ? filled.text : "", /^Resource 7/)
        assert.deepStrictEqual(yield* manager.getPrompt("everything", "args-prompt", { city: "Paris" }), [
          { role: "user", content: [{ _tag: "Text", text: "What's weather in Paris?" }] }
        ])
        const of = { prompt: "completable-prompt" }
        const typed = { server: "everything", of, argument: "department", value: "E" }
        assert.deepStrictEqual(yield* manager.complete(typed), ["Engineering"])
        const known = { ...typed, argument: "name", value: "", known: { department: "Engineering" } }
        assert.deepStrictEqual(yield* manager.complete(known), ["Alice", "Bob", "Charlie"])
        const refused = yield* Effect.flip(manager.readResource("everything", "demo://nope"))
        assert.strictEqual(refused.reason, "Refused")
        assert.match(refused.message, /^everything: Error -32602: .*not found/)
        const builtIn = yield* Effect.flip(manager.readResource("workspace", "a"))
        assert.deepStrictEqual(
          [builtIn.reason, builtIn.message],
          ["UnknownServer", "workspace: There is no MCP server of this name"]
        )
      })
    )
  )

  it.live("that are malformed are left out with a note in the status, and all pages are read", () =>
    withManager({ servers: { bad: offers("--bad") } }, (manager) =>
      Effect.gen(function* () {
        const resources = yield* manager.resources
        assert.deepStrictEqual(
          resources.map(({ uri }) => uri),
          ["ok:a", "ok:b", "ok:strange"]
        )
        assert.deepStrictEqual(resources[1], {
          server: "bad",
          uri: "ok:b",
          name: "b",
          mimeType: "text/plain",
          size: 3
        })
        const strange = resources[2]
        assert.deepStrictEqual([strange?.name, strange?.title, strange?.size], ["ok:strange", "[31mred", undefined])
        assert.isTrue(strange?.description?.isWellFormed())
        assert.match(strange?.description ?? "", /more bytes\]$/)
        assert.deepStrictEqual(
          (yield* manager.prompts).map(({ name }) => name),
          ["greet", "plain"]
        )
        assert.notMatch(encode([resources, yield* manager.prompts]), control)
        const [status] = yield* manager.servers
        assert.strictEqual(status?.state, "ready")
        assert.match(status?.problem ?? "", /6 resources left out: number 3 \(it has no URI\)/)
        assert.match(status?.problem ?? "", /5 prompts left out: number 2 \(it has no name\)/)
        // An unknown method counts as an empty list.
        assert.deepStrictEqual(yield* manager.resourceTemplates, [])
        assert.notInclude(status?.problem ?? "", "template")
        const of = { prompt: "greet" }
        const proposed = yield* manager.complete({ server: "bad", of, argument: "who", value: "x" })
        assert.deepStrictEqual(proposed, ["x!"])
      })
    )
  )

  it.live("that cannot be listed affect no tool and no other list, and do not delay the tools", () =>
    Effect.gen(function* () {
      const servers = {
        fails: offers("--fails=resources/list"),
        hangs: { ...offers("--hangs=prompts/list"), startTimeoutMillis: 5000 },
        endless: offers("--endless")
      }
      yield* withManager({ servers }, (manager) =>
        Effect.gen(function* () {
          const [took, tools] = yield* Effect.timed(manager.tools)
          assert.strictEqual(tools.length, 6)
          promptly(Duration.toMillis(took), 5000)
          const early = yield* manager.servers
          assert.deepStrictEqual(
            early.map(({ state }) => state),
            ["ready", "ready", "ready"]
          )
          assert.notInclude(early[1]?.problem ?? "", "prompts", "the tools did not wait for the prompts")
          assert.deepStrictEqual(
            (yield* manager.resources).map(({ server, uri }) => `${server} ${uri}`),
            ["endless ok:b", "hangs ok:a", "hangs ok:b"]
          )
          assert.deepStrictEqual(
            (yield* manager.prompts).map(({ name, server }) => `${server} ${name}`),
            ["endless greet", "fails greet"]
          )
          const [fails, hangs, endless] = yield* manager.servers
          assert.strictEqual(fails?.problem, "it cannot list its resources: Error -32603: not [31mtoday")
          assert.strictEqual(hangs?.problem, "it did not list its prompts in time")
          assert.match(endless?.problem ?? "", /its list of resources did not end and was cut/)
          assert.isFalse((yield* manager.call("hangs__change", {}, context)).isError)
        })
      )
    })
  )

  it.live("of a server that declares none are not requested", () =>
    Effect.gen(function* () {
      const log = join(yield* directory, "log")
      yield* withManager({ servers: { plain: offers("--tools-only", `--log=${log}`) } }, (manager) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(
            [yield* manager.resources, yield* manager.resourceTemplates, yield* manager.prompts],
            [[], [], []]
          )
          const errors = yield* Effect.all([
            Effect.flip(manager.readResource("plain", "ok:a")),
            Effect.flip(manager.getPrompt("plain", "greet", {})),
            Effect.flip(manager.complete({ server: "plain", of: { prompt: "greet" }, argument: "who", value: "" }))
          ])
          assert.deepStrictEqual(
            errors.map(({ message, reason }) => `${reason} ${message}`),
            ["resources", "prompts", "completion"].map((what) => `Unsupported plain: The server has no ${what}`)
          )
          const asked = (yield* readLog(log)).map((entry) => entry["asked"])
          assert.deepStrictEqual(asked, ["initialize", "notifications/initialized", "tools/list"])
        })
      )
    })
  )

  it.live(
    "are listed again when the server reports a change: once for many notifications, and each kind separately",
    () =>
      Effect.gen(function* () {
        const log = join(yield* directory, "log")
        yield* withManager({ servers: { raw: offers(`--log=${log}`) } }, (manager) =>
          Effect.gen(function* () {
            yield* manager.resources
            yield* manager.prompts
            const listings = (method: string) =>
              Effect.map(
                readLog(log),
                (entries) =>
                  entries.filter((entry) => entry["asked"] === method && entry["cursor"] === undefined).length
              )
            yield* manager.call("raw__change", { what: "resources", times: 50 }, context)
            yield* eventually(manager.resources, (all) => all.some(({ uri }) => uri === "new:0"))
            assert.deepStrictEqual([yield* listings("resources/list"), yield* listings("prompts/list")], [2, 1])
            yield* manager.call("raw__change", { what: "prompts", times: 50 }, context)
            yield* eventually(manager.prompts, (all) => all.some(({ name }) => name === "new1"))
            assert.deepStrictEqual([yield* listings("resources/list"), yield* listings("prompts/list")], [2, 2])
            assert.strictEqual(yield* listings("tools/list"), 1)
          })
        )
      })
  )

  it.live("are available again after the server has died, and a request waits for that", () =>
    withManager({ servers: { raw: offers() }, restarts: { firstDelayMillis: 300 } }, (manager) =>
      Effect.gen(function* () {
        yield* manager.resources
        yield* Effect.ignore(manager.call("raw__crash", {}, context))
        yield* eventually(manager.servers, ([status]) => status?.state === "restarting")
        assert.deepStrictEqual(yield* manager.resources, [])
        const contents = yield* manager.readResource("raw", "ok:a")
        assert.strictEqual(contents[0]?._tag, "Text")
        assert.strictEqual((yield* manager.resources).length, 2)
      })
    )
  )
})

describe.concurrent("a response of a server", () => {
  it.live("is shown as far as possible within limits, and the rest is described", () =>
    withManager({ servers: { raw: offers() } }, (manager) =>
      Effect.gen(function* () {
        const read = (uri: string) => manager.readResource("raw", uri)
        assert.deepStrictEqual(yield* read("ok:a"), [
          { _tag: "Text", uri: "ok:a", mimeType: "text/plain", text: "half \ufffd and  nul" }
        ])
        const [long, more] = yield* read("ok:long")
        const text = long?._tag === "Text" ? long.text : ""
        assert.isBelow(text.length, 257 * 1024)
        assert.match(text, /x\n\[… 45056 more bytes are left out\]$/)
        assert.strictEqual(more?._tag === "Text" ? more.text : "", "\n[… 4 more bytes are left out]")
        const media = yield* read("ok:media")
        assert.deepStrictEqual(
          media.map((part) => (part._tag === "Media" ? `${part.block._tag} ${part.block.mediaType}` : part._tag)),
          ["Image image/png", "Document application/pdf", ...Array.from({ length: 5 }, () => "Described")]
        )
        assert.deepStrictEqual(
          media.flatMap((part) => (part._tag === "Described" ? [part.words] : [])),
          [
            "image/png, 15 bytes: it is not what its type says",
            "image/png, 7 bytes: not valid base64",
            "application/zip, 6 bytes: a kind that cannot be shown",
            "a part with neither text nor data",
            "a part with neither text nor data"
          ]
        )
        const many = yield* read("ok:many")
        assert.deepStrictEqual([many.length, many[100]?._tag], [101, "Described"])
        assert.deepStrictEqual(yield* read("ok:empty"), [])
        const nonsense = yield* Effect.flip(read("ok:nonsense"))
        assert.strictEqual(nonsense.message, "raw: It answered to resources/read with something else")
        const gone = yield* Effect.flip(read("ok:gone"))
        assert.notMatch(gone.message, control)
        const messages = yield* manager.getPrompt("raw", "greet", { who: "Ada" })
        assert.deepStrictEqual(
          messages.map(({ content, role }) =>
            [`${role}:`].concat(content.map((block) => (block._tag === "Text" ? block.text : block.mediaType)))
          ),
          [
            ["user:", "Greet Ada kindly"],
            ["assistant:", "With pleasure \ufffd"],
            ["user:", "image/png"],
            ["user:", "[resource <ok:a> text/plain]\ninside"],
            ["user:", "[resource <ok:5>]\n[application/zip, 6 bytes: a kind that cannot be shown]"],
            ["user:", "[a message that cannot be read is left out]"],
            ["user:", "[a message that cannot be read is left out]"]
          ]
        )
        const none = yield* Effect.flip(manager.getPrompt("raw", "nope", {}))
        assert.strictEqual(none.message, "raw: It answered to prompts/get with something else")
      })
    )
  )

  it.live("must come in time, and interruption cancels the request there", () =>
    Effect.gen(function* () {
      const log = join(yield* directory, "log")
      const raw = { ...offers("--hangs=resources/read", `--log=${log}`), timeoutMillis: 300 }
      yield* withManager({ servers: { raw, patient: { ...raw, timeoutMillis: 60_000 } } }, (manager) =>
        Effect.gen(function* () {
          const late = yield* Effect.flip(manager.readResource("raw", "ok:a"))
          assert.deepStrictEqual([late.reason, late.message], ["Unavailable", "raw: no answer within 0.3 s"])
          const reading = yield* Effect.forkChild(manager.readResource("patient", "ok:a"), { startImmediately: true })
          yield* eventually(
            readLog(log),
            (entries) => entries.filter((entry) => entry["asked"] === "resources/read").length === 2
          )
          yield* Fiber.interrupt(reading)
          yield* eventually(
            readLog(log),
            (entries) => entries.filter((entry) => entry["asked"] === "notifications/cancelled").length === 2
          )
        })
      )
    })
  )
})

it.live("changes are also received over HTTP in the revision of 2026", () =>
  Effect.gen(function* () {
    const { line } = yield* httpServer(v2Server("--http", "--more", "--offers"), /listening/)
    const url = `http://127.0.0.1:${line.replace(/\D/g, "")}/mcp`
    yield* withManager({ servers: { web: { url, headers: { "x-token": "secret" } } } }, (manager) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(
          [yield* manager.resources, yield* manager.prompts].map((all) => all.length),
          [1, 1]
        )
        // It has no templates, and reports that with a status that would otherwise mean a lost session.
        assert.deepStrictEqual(yield* manager.resourceTemplates, [])
        const unread = yield* Effect.flip(manager.readResource("web", "ok:first"))
        assert.match(unread.message, /^web: .*not found/i)
        assert.deepStrictEqual(yield* manager.servers, [{ name: "web", state: "ready", tools: 5 }])
        assert.isFalse((yield* manager.call("web__grow", {}, context)).isError)
        yield* eventually(manager.resources, (all) => all.length === 2)
        yield* eventually(manager.prompts, (all) => all.length === 2)
      })
    )
  })
)
