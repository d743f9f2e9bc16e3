import { assert, describe, it } from "@effect/vitest"
import { PromptInfo, ResourceContent, ResourceInfo, ResourceTemplateInfo } from "@parley/domain/McpCatalog"
import { Round } from "@parley/domain/Session"
import { SessionContext } from "@parley/domain/SessionContext"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { Effect, Schema } from "effect"
import { place } from "./support/Cli.ts"
import { everything } from "./support/Everything.ts"
import { eventually, terminal } from "./support/Terminal.ts"

const leaky = join(import.meta.dirname, "support/leaky.mjs")
const offers = join(import.meta.dirname, "../../mcp/test/fixtures/offers-server.mjs")
const node = (...args: ReadonlyArray<string>) => ({ command: process.execPath, args })
const features = "demo://resource/static/document/features.md"
const secret = "canary-0123456789"
// What a terminal acts on, or what hides text.
// eslint-disable-next-line no-control-regex -- control characters are what this is about
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/

const Resources = Schema.Struct({
  resources: Schema.Array(ResourceInfo),
  resourceTemplates: Schema.Array(ResourceTemplateInfo)
})
const decodeResources = Schema.decodeEffect(Schema.fromJsonString(Resources))
const decodePrompts = Schema.decodeEffect(Schema.fromJsonString(Schema.Struct({ prompts: Schema.Array(PromptInfo) })))
const decodeContents = Schema.decodeEffect(
  Schema.fromJsonString(Schema.Struct({ contents: Schema.Array(ResourceContent) }))
)
const decodeContext = Schema.decodeEffect(Schema.fromJsonString(SessionContext))
const decodeRound = Schema.decodeEffect(Schema.fromJsonString(Round))

const reference = Effect.gen(function* () {
  const here = yield* place
  here.configure({ mcpServers: { everything: node(everything, "stdio") } })
  return here
})

describe("resources and prompts of MCP servers", () => {
  it.live("are listed and read, as text and as JSON", () =>
    Effect.gen(function* () {
      const here = yield* reference
      const parley = (...args: ReadonlyArray<string>) => here.run(["mcp", ...args])
      const text = yield* parley("resources")
      assert.strictEqual(text.code, 0, text.stderr)
      assert.match(text.stdout, /^everything: 7 resources, 2 templates\n/)
      assert.match(
        text.stdout,
        /\n {2}demo:\/\/resource\/static\/document\/features\.md {2}features\.md, text\/markdown, /
      )
      const { resourceTemplates, resources } = yield* Effect.flatMap(
        parley("resources", "everything", "-f", "json"),
        ({ stdout }) => decodeResources(stdout)
      )
      assert.deepStrictEqual([resources.length, resourceTemplates.length], [7, 2])
      const prompts = yield* parley("prompts", "everything")
      assert.include(prompts.stdout, "\n  everything:args-prompt city=… [state=…]  Arguments Prompt, ")
      const listed = yield* Effect.flatMap(parley("prompts", "-f", "json"), ({ stdout }) => decodePrompts(stdout))
      assert.strictEqual(listed.prompts.length, 4)

      const read = yield* parley("read", "everything", features)
      assert.match(read.stdout, /^# Everything Server/)
      const json = yield* parley("read", "everything", "demo://resource/dynamic/blob/1", "-f", "json")
      const { contents } = yield* decodeContents(json.stdout)
      assert.strictEqual(contents[0]?._tag, "Described")
      const none = yield* parley("read", "everything", "demo://nope")
      assert.deepStrictEqual([none.code, none.stdout], [1, ""])
      assert.match(none.stderr, /everything: Error -32602: .*not found/)
      const unknown = yield* parley("resources", "nope")
      assert.strictEqual(unknown.code, 2)
      assert.match(unknown.stderr, /no server "nope"; the configured servers are everything/)
      const inspected = yield* parley("inspect", "everything")
      assert.match(inspected.stdout, /, 7 resources, 2 resource templates, 4 prompts\n/)
    })
  )

  it.live("are shown without the secrets of their server, and cannot control the terminal", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.configure({
        mcpServers: {
          leaky: { ...node(leaky), env: { TOKEN: secret } },
          failing: { ...node(leaky, "--exit"), env: { TOKEN: secret } }
        }
      })
      const all = yield* Effect.forEach(
        ["text", "json"].flatMap((format) =>
          [
            ["resources"],
            ["prompts"],
            ["read", "leaky", "leak:a"],
            ["resources", "failing"],
            ["read", "failing", "a"]
          ].map((args) => ["mcp"].concat(args, "-f", format))
        ),
        (args) => here.run(args),
        { concurrency: 2 }
      )
      for (const { stderr, stdout } of all) assert.notInclude(stdout + stderr, secret)
      for (const { stderr, stdout } of all.slice(0, 5)) assert.notMatch(stdout + stderr, control)
      assert.deepStrictEqual(
        all.slice(0, 5).map(({ code }) => code),
        [0, 0, 0, 4, 4]
      )
      // What is shown instead of the secret is there: none of the answers is empty.
      const shown = all.map(({ stderr, stdout }) => stdout + stderr)
      for (const text of shown.slice(0, 3)) assert.include(text, "…")
      for (const text of shown.slice(5, 8)) assert.match(text, /"(?:servers|contents|prompts|resources)"/)
      for (const text of [shown[3], shown[4], shown[8], shown[9]]) assert.include(text, "exited with code 3")
      assert.match(all[0]?.stdout ?? "", /failing: failed\n {2}! it exited with code 3/)
      assert.strictEqual(all[2]?.stdout, "␛[2Jit is …\n")
    })
  )
})

describe("a message", () => {
  it.live("can mention resources, listed or from a template, in addition to files", () =>
    Effect.gen(function* () {
      const here = yield* reference
      here.write("notes.md", "remember the milk")
      const words = `see @everything:${features}, @everything:demo://resource/dynamic/text/7 @everything:demo://nope @notes.md`
      const run = yield* here.run(["run", words])
      assert.strictEqual(run.code, 0, run.stderr)
      assert.include(run.stderr, `+ everything:${features}\n`)
      assert.match(run.stderr, /✗ everything:demo:\/\/nope: everything: Error -32602/)
      // The server is gone, and what it said is part of the session.
      here.configure({})
      const { stdout } = yield* here.run(["context", "-c", "--format", "json"])
      const { request } = yield* decodeContext(stdout)
      const said =
        request.messages[0]?.content.map((block) => (block._tag === "Text" ? block.text : "")).join("\n") ?? ""
      assert.match(
        said,
        /<resource-[0-9a-f]{8} server="everything" uri="demo:\/\/resource\/static[^>]*>\n# Everything Server/
      )
      assert.match(said, /\nResource 7: /)
      assert.include(said, "remember the milk")
      assert.notInclude(run.stderr, "there is no such file")
    })
  )

  it.live("may be a prompt of a server, with --prompt", () =>
    Effect.gen(function* () {
      const here = yield* reference
      const prompt = (...args: ReadonlyArray<string>) => here.run(["run", "--prompt", ...args])
      const done = yield* prompt("everything:args-prompt", "--arg", "city=Paris", "-f", "json", "In short.")
      assert.strictEqual(done.code, 0, done.stderr)
      const { request } = yield* decodeRound(done.stdout)
      assert.deepStrictEqual(request, [
        { _tag: "Text", text: "What's weather in Paris?" },
        { _tag: "Text", text: "In short." }
      ])
      const missing = yield* prompt("everything:args-prompt")
      assert.strictEqual(missing.code, 2)
      assert.match(missing.stderr, /everything:args-prompt needs city; it takes city=… \[state=…\]/)
      assert.strictEqual((yield* prompt("everything:args-prompt", "--arg", "town=Paris")).code, 2)
      assert.strictEqual((yield* prompt("everything:nope")).code, 2)
      assert.strictEqual((yield* here.run(["run", "--arg", "a=b", "hello"])).code, 2)
      const { stdout } = yield* here.run(["sessions", "list"])
      assert.strictEqual(stdout.trim().split("\n").length, 1, "what was refused left no session")
    })
  )

  it.live("can be typed on while a server computes completions, which are then ignored", () =>
    Effect.gen(function* () {
      const here = yield* place
      const log = join(here.home, "log")
      const late = node(offers, "--late=completion/complete", `--log=${log}`)
      here.configure({ mcpServers: { late } })
      const chat = yield* terminal(here, ["chat"])
      yield* chat.shows(/> [^\n]*$/)
      // The lists are there, so that the next Tab is about the value alone.
      yield* chat.type("/prompts\r")
      yield* chat.shows(/\/late:greet who=… \[how=…\]/)
      yield* chat.type("/late:greet who=x")
      yield* chat.shows(/who=x$/)
      yield* chat.type("\t")
      yield* eventually("the question", () => readFileSync(log, "utf8").includes("completing"))
      yield* chat.type("YZ")
      yield* chat.shows(/who=xYZ$/)
      yield* Effect.sleep("600 millis")
      yield* chat.type("\r")
      yield* chat.shows(/the offline demo model: no/)
      yield* chat.type("/exit\r")
      yield* chat.ended
      const { stdout } = yield* here.run(["context", "-c", "--format", "json"])
      assert.include(stdout, "Greet xYZ kindly")
    })
  )

  it.live("may be a prompt in a conversation; Tab completes it", () =>
    Effect.gen(function* () {
      const here = yield* reference
      const chat = yield* terminal(here, ["chat"])
      yield* chat.shows(/> [^\n]*$/)
      yield* chat.type("/prompts\r")
      yield* chat.shows(/\/everything:args-prompt city=… \[state=…\]/)
      yield* chat.type("/everything:args-prompt\r")
      yield* chat.shows(/parley: everything:args-prompt needs city/)
      yield* chat.type("/everything:completable-prompt department=E\t")
      yield* chat.shows(/department=Engineering/)
      yield* chat.type(" name=A\t")
      yield* chat.shows(/name=Alice/)
      yield* chat.type("\r")
      yield* chat.shows(/the offline demo model: no[^]*\n[^\n]*> [^\n]*$/)
      yield* chat.type("look at @everything:demo://resource/static/document/fea\t")
      yield* chat.shows(/document\/features\.md/)
      yield* chat.type("\u0015/exit\r")
      assert.strictEqual((yield* chat.ended).code, 0)
      const { stdout } = yield* here.run(["context", "-c", "--format", "json"])
      assert.include(stdout, "Please promote Alice to the head of the Engineering team.")
    })
  )
})
