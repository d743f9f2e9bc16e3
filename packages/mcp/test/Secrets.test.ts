import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import type { CallProgress } from "../src/server/CallProgress.ts"
import { serverRedaction } from "../src/text/ServerSecrets.ts"
import { makeDialogue } from "../src/requests/Dialogue.ts"
import { noLog } from "../src/requests/ServerLog.ts"
import { serverSecrets } from "../src/text/ServerSecrets.ts"
import { context, directory, eventually, tellingServer, textOf, withManager } from "./support.ts"

const token = 'canary/0123 "456"+789'
const json = Schema.encodeSync(Schema.fromJsonString(Schema.Unknown))
const halves = /canary|456/

const telling = (...flags: ReadonlyArray<string>) => ({
  ...tellingServer(...flags),
  env: { TOKEN: token, DISABLED_TOOLS: "list_apps", MODE: "production", CACHE: "/var/lib/apps", DEBUG: "true" }
})

describe("a secret of a server's configuration", () => {
  it.live("is redacted in results, resources, prompts, progress, logs and errors; other text is kept", () =>
    Effect.gen(function* () {
      const here = yield* directory
      const progress: Array<CallProgress> = []
      yield* withManager(
        {
          servers: { s: telling() },
          onProgress: (said) => void progress.push(said),
          logs: { directory: join(here, "logs"), redact: serverRedaction },
          spillDirectory: join(here, "results")
        },
        (manager) =>
          Effect.gen(function* () {
            const tools = yield* manager.tools
            assert.include(
              tools.map(({ tool }) => tool),
              "list_apps"
            )
            const shown = tools.find(({ tool }) => tool === "list_apps")
            assert.strictEqual(shown?.description, "has …")
            assert.deepStrictEqual(shown?.inputSchema, {
              type: "object",
              description: "with …",
              properties: {
                list_apps: { type: "string", default: "…" },
                // Text that a call must repeat is not redacted.
                description: { type: "string", enum: ["a", token], description: "is …" }
              },
              required: ["list_apps"]
            })
            const call = (tool: string) =>
              Effect.map(manager.call(`s__${tool}`, { list_apps: "x" }, context), ({ content }) => textOf(content))
            assert.strictEqual(yield* call("list_apps"), "list_apps is on in production: true, at /var/lib/apps")
            assert.strictEqual(
              yield* call("said"),
              'request to https://maps.example/json?q=x&key=… failed\n{"token":"…"}'
            )
            assert.strictEqual(yield* call("structured"), '{"list_apps":"…","deep":[{"token":"a …"}]}')
            assert.match(
              yield* call("mismatch"),
              /^it is …\n\n\[The answer does not fit the tool's output schema: at \/…: /
            )
            assert.strictEqual(yield* call("failed"), "no: …")
            const refused = yield* call("refused")
            assert.match(refused, /bad key … in x+/)
            assert.notMatch(refused, halves)
            yield* call("progress")
            assert.deepStrictEqual(
              progress.map(({ message }) => message),
              ["with …"]
            )
            const contents = yield* manager.readResource("s", "tell://here")
            assert.include(json(contents), "the key is …")
            assert.match((yield* Effect.flip(manager.readResource("s", "tell://refused"))).problem, /bad key …$/)
            assert.include(json(yield* manager.getPrompt("s", "write", {})), "use …")
            assert.notMatch((yield* Effect.flip(manager.call("s__die", { list_apps: "x" }, context))).problem, halves)
            const [status] = yield* eventually(manager.servers, ([status]) => status?.lastProblem !== undefined)
            assert.match(status?.lastProblem ?? "", /dies of …/)
            const logFile = join(here, "logs", "s.log")
            // The log is written a little after the event.
            const log = Effect.sync(() => (existsSync(logFile) ? readFileSync(logFile, "utf8") : ""))
            yield* eventually(log, (text) => text.includes("error: logged …"))
            const files = ["logs", "results"].flatMap((name) =>
              readdirSync(join(here, name)).map((file) => readFileSync(join(here, name, file), "utf8"))
            )
            assert.isAbove(files.length, 1)
            assert.notMatch(files.join(), halves)
          })
      )
    })
  )

  it.live("is redacted in the reason why the server could not be started", () =>
    withManager({ servers: { s: telling("--exit") } }, (manager) =>
      Effect.map(manager.servers, ([status]) => {
        assert.match(status?.problem ?? "", /the key … was refused/)
        assert.notMatch(json(status), halves)
      })
    )
  )

  it.live("is redacted in questions to the user and requests to a model", () =>
    Effect.gen(function* () {
      const asked: Array<unknown> = []
      const hear = (request: unknown) =>
        Effect.as(
          Effect.sync(() => asked.push(request)),
          undefined
        )
      const dialogue = yield* makeDialogue(
        "s",
        "allow",
        {
          elicit: (request) => Effect.as(hear(request), { _tag: "Cancel" }),
          sample: (request) => Effect.as(hear(request), { _tag: "Declined", reason: "no" })
        },
        noLog,
        serverSecrets(telling())
      )
      const text = { type: "text", text: `what is ${token}` }
      yield* dialogue.calling(
        Effect.all([
          dialogue.elicit?.({ message: `say ${token}`, requestedSchema: { type: "object", properties: {} } }) ??
            Effect.void,
          dialogue.sample?.({ messages: [{ role: "user", content: text }], systemPrompt: token, maxTokens: 9 }) ??
            Effect.void
        ])
      )
      assert.strictEqual(asked.length, 2)
      assert.notMatch(json(asked), halves)
    })
  )

  it("is redacted in all text of a message; binary data is kept", () => {
    const { redactAll } = serverSecrets(telling())
    const image = { type: "image", data: token, mimeType: token }
    const blob = { uri: token, blob: token }
    assert.deepStrictEqual(redactAll({ content: [image, { ...image, type: "audio" }, blob, token, 7, null] }), {
      content: [
        { type: "image", data: token, mimeType: "…" },
        { type: "audio", data: token, mimeType: "…" },
        { uri: "…", blob: token },
        "…",
        7,
        null
      ]
    })
    assert.deepStrictEqual(redactAll({ type: "text", data: token, blob: token }), {
      type: "text",
      data: "…",
      blob: "…"
    })
    // Structured content has no binary parts, even if it looks like one.
    assert.deepStrictEqual(redactAll({ structuredContent: { a: [image, blob] } }), {
      structuredContent: {
        a: [
          { type: "image", data: "…", mimeType: "…" },
          { uri: "…", blob: "…" }
        ]
      }
    })
  })

  it("is not passed on below the depth limit of a message", () => {
    const { redactAll } = serverSecrets(telling())
    const nested = (depth: number): unknown => (depth === 0 ? token : [nested(depth - 1)])
    assert.include(json(redactAll(nested(201))), "…")
    assert.notInclude(json(redactAll(nested(202))), "…")
    assert.notMatch(json(redactAll(nested(1000))), halves)
  })

  it("leaves a server without secrets unchanged, and a schema that was redacted before", () => {
    const { redactAll, redactTool } = serverSecrets(tellingServer())
    const message = { a: token }
    assert.strictEqual(redactAll(message), message)
    const tool = { name: "s__t", server: "s", tool: "t", description: token, inputSchema: { type: "object" as const } }
    assert.strictEqual(redactTool(tool), tool)
    const secrets = serverSecrets(telling())
    const [first, second] = [secrets.redactTool(tool), secrets.redactTool(tool)]
    assert.strictEqual(first.description, "…")
    assert.strictEqual(first.inputSchema, second.inputSchema)
  })
})
