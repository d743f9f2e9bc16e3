import { assert, describe, it } from "@effect/vitest"
import type { Block } from "@parley/domain/Content"
import { CallId } from "@parley/domain/Ids"
import type { Message } from "@parley/domain/Message"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { receivedName, sentName } from "../src/gemini/GeminiNames.ts"
import { body, pieces } from "../src/gemini/GeminiRequest.ts"
import { call, gemini, parts, says, stops, thinks } from "./support/Gemini.ts"
import { history, Rounds } from "./support/Histories.ts"
import { answered } from "./support/OpenAi.ts"
import { request, run, user } from "./support/Turn.ts"
import { serve } from "@parley/harness/SseServer"

const Part = Schema.Record(Schema.String, Schema.Unknown)
const Content = Schema.Struct({ role: Schema.String, parts: Schema.Array(Part) })
const Body = Schema.Struct({ contents: Schema.Array(Content) })
const decode = Schema.decodeEffect(Schema.fromJsonString(Body))

const asked = (
  model: string,
  messages: ReadonlyArray<Message>,
  more: Parameters<typeof request>[1] = {}
): ModelRequest => ({
  ...request(messages, more),
  model: { provider: "gemini", model }
})
const sent = (model: string, ...messages: ReadonlyArray<Message>) =>
  Effect.map(Effect.orDie(decode(body({}, asked(model, messages)))), ({ contents }) => contents)

const id = CallId.make("r1t1c1")
const toolCall = (input: string, callId = id, name = "look"): Block => ({
  _tag: "ToolCall",
  callId,
  providerId: "x",
  name,
  input
})
const result = (content: Extract<Block, { _tag: "ToolResult" }>["content"], isError = false, callId = id): Block => ({
  _tag: "ToolResult",
  callId,
  isError,
  content
})
const png = { _tag: "Image", mediaType: "image/jpeg", data: "iVBORw0KGgoAAAA=" } as const
const model = (...content: ReadonlyArray<Block>): Message => ({ role: "assistant", content })
const back = (...content: ReadonlyArray<Block>): Message => ({ role: "user", content })

describe("the body of a Gemini request", () => {
  it("has the settings, the tools, the system prompt and the contents", () => {
    const tool = {
      name: "look",
      server: "s",
      tool: "look",
      description: "Looks",
      inputSchema: { $schema: "x", type: "object", properties: {}, anyOf: [] }
    }
    const messages = [user("hi"), model({ _tag: "Text", text: "I look." }, toolCall('{"n":1}')), back(result([]))]
    assert.strictEqual(
      body({ maxOutputTokens: 7 }, asked("gemini-2.5-pro", messages, { system: "Be kind.", tools: [tool] })),
      '{"generationConfig":{"maxOutputTokens":7},' +
        '"tools":[{"functionDeclarations":[{"name":"look","description":"Looks","parametersJsonSchema":{"type":"object","properties":{}}}]}],' +
        '"systemInstruction":{"parts":[{"text":"Be kind."}]},' +
        '"contents":[{"role":"user","parts":[{"text":"hi"}]},' +
        '{"role":"model","parts":[{"text":"I look."},{"functionCall":{"id":"r1t1c1","name":"look","args":{"n":1}}}]},' +
        '{"role":"user","parts":[{"functionResponse":{"id":"r1t1c1","name":"look","response":{"output":""}}}]}]}'
    )
  })

  it.effect("has the results of a turn first, in one content, and files where the model accepts them", () =>
    Effect.gen(function* () {
      const other = CallId.make("r1t1c2")
      const calls = model(toolCall("{}"), toolCall("{}", other, "read"))
      const results = back(result([{ _tag: "Text", text: "a" }, png]), result([], true, other), {
        _tag: "Text",
        text: "and now?"
      })
      const inlineData = { mimeType: "image/png", data: png.data }
      const responses = [
        { id: "r1t1c1", name: "look", response: { output: "a\n\n[file]" } },
        { id: "r1t1c2", name: "read", response: { error: "The tool failed and gave no reason." } }
      ] as const
      const old = yield* sent("gemini-2.5-pro", user("hi"), calls, results)
      assert.deepStrictEqual(old[2]?.parts, [
        { functionResponse: responses[0] },
        { functionResponse: responses[1] },
        { inlineData },
        { text: "and now?" }
      ])
      const current = yield* sent("gemini-4-neon", user("hi"), calls, results)
      assert.deepStrictEqual(current[2]?.parts, [
        { functionResponse: { ...responses[0], parts: [{ inlineData }] } },
        { functionResponse: responses[1] },
        { text: "and now?" }
      ])
    })
  )

  it.effect("has files as they are, documents of text as text, and a text for each that cannot be sent", () =>
    Effect.gen(function* () {
      const file = (mediaType: string, data: string): Block => ({ _tag: "Document", mediaType, data })
      const [content] = yield* sent(
        "m",
        back(
          png,
          file("application/pdf", "JVBERi0="),
          file("text/plain", "aGVsbG8="),
          file("application/zip", "AAAA"),
          {
            _tag: "Image",
            mediaType: "image/gif",
            data: "R0lGODlhAAAA"
          }
        )
      )
      assert.deepStrictEqual(content?.parts, [
        { inlineData: { mimeType: "image/png", data: png.data } },
        { inlineData: { mimeType: "application/pdf", data: "JVBERi0=" } },
        { text: "hello" },
        { text: "[document of type application/zip, which cannot be shown]" },
        { text: "[image of type image/gif, which cannot be shown]" }
      ])
    })
  )

  it.effect("has no key twice, and an object for input that is none", () =>
    Effect.gen(function* () {
      const inputs = ['{"a":1,"a":2}', "[1]", '{"a":']
      const calls = inputs.map((input, i) => toolCall(input, CallId.make(`r1t1c${i + 1}`)))
      const json = body({}, asked("m", [user("hi"), model(...calls)]))
      assert.include(json, '"args":{"a":2}}')
      assert.lengthOf(json.split('"args":{}'), 3)
    })
  )

  it.effect("joins messages of the same role if what is between them is not sent", () =>
    Effect.gen(function* () {
      const thinking: Block = { _tag: "Thinking", provider: "anthropic", text: "", raw: '{"thoughtSignature":"x"}' }
      const contents = yield* sent("m", user("a"), model(thinking), user("b"))
      assert.deepStrictEqual(contents, [{ role: "user", parts: [{ text: "a" }, { text: "b" }] }])
    })
  )

  it.effect("replaces blocks that only another provider accepts", () =>
    Effect.gen(function* () {
      const opaque = (provider: string): Block => ({ _tag: "Opaque", provider, kind: "k", raw: '{"k":{"n":1.0}}' })
      const contents = yield* sent("m", user("a"), model(opaque("anthropic"), opaque("gemini")))
      assert.deepStrictEqual(contents[1]?.parts, [
        { text: "[a block of type k from anthropic, which cannot be shown]" },
        { k: { n: 1 } }
      ])
    })
  )

  it.effect.prop(
    "answers all calls in the next content, consists of its pieces, and is a prefix of the next request",
    [Rounds, Schema.String, Schema.Literals(["gemini-2.5-pro", "gemini-4-neon"])],
    ([rounds, system, name]) =>
      Effect.gen(function* () {
        const all = history(rounds)
        const contents = yield* sent(name, ...all)
        const ids = (at: number, key: string) =>
          contents[at]?.parts.flatMap((part) => {
            const one = part[key]
            return typeof one === "object" && one !== null && "id" in one ? [one.id] : []
          }) ?? []
        for (const [i, { role }] of contents.entries()) {
          assert.strictEqual(role, i % 2 === 0 ? "user" : "model")
          if (role === "model") assert.deepStrictEqual(ids(i + 1, "functionResponse"), ids(i, "functionCall"))
        }
        const ask = (messages: ReadonlyArray<Message>) => asked(name, messages, { system })
        const json = body({}, ask(all))
        assert.strictEqual(
          pieces({}, ask(all))
            .map(({ text }) => text)
            .join(""),
          json
        )
        const before = body({}, ask(all.slice(0, -2)))
        if (all.length > 2) assert.isTrue(json.startsWith(before.slice(0, -4)))
      }),
    { arbitrary: { runs: 100 } }
  )
})

describe("the signatures of a Gemini response", () => {
  /** The parts of the model's content when a response is sent back. */
  const replayed = (name: string, ...events: ReadonlyArray<string>) =>
    Effect.gen(function* () {
      const turn = yield* answered(gemini, [...events, stops("STOP")])
      assert.isUndefined(turn.error)
      const sendable = turn.blocks.filter((block) => !("raw" in block) || block.raw !== "")
      const contents = yield* sent(name, user("hi"), { role: "assistant", content: sendable })
      return contents[1]?.parts ?? []
    })
  const functionCall = (n: number, name = "a", args = {}) => ({ functionCall: { id: `r1t1c${n}`, name, args } })

  it.live("are sent back with the parts that they came with", () =>
    Effect.gen(function* () {
      const kept = yield* replayed(
        "gemini-4-neon",
        thinks("hm, "),
        thinks("so", { thoughtSignature: "QQ==" }),
        says("Let "),
        says("me ", { thoughtSignature: "Qg==" }),
        says("look."),
        parts(call("a", { k: 1 }, {}, { thoughtSignature: "Qw==" }), call("b", {})),
        parts({ executableCode: { code: "1" }, thoughtSignature: "RA==" }),
        says("", { thoughtSignature: "RQ==" })
      )
      assert.deepStrictEqual(kept, [
        { text: "so", thought: true, thoughtSignature: "QQ==" },
        { text: "Let " },
        { text: "me ", thoughtSignature: "Qg==" },
        { text: "look." },
        { ...functionCall(1, "a", { k: 1 }), thoughtSignature: "Qw==" },
        functionCall(2, "b"),
        { executableCode: { code: "1" }, thoughtSignature: "RA==" },
        { text: "", thoughtSignature: "RQ==" }
      ])
    })
  )

  it.live("leave thoughts without one to people", () =>
    Effect.map(replayed("gemini-4-neon", thinks("hm"), says("x")), (kept) =>
      assert.deepStrictEqual(kept, [{ text: "x" }])
    )
  )

  it.live("are replaced for the first call of a response, where the model checks them", () =>
    Effect.gen(function* () {
      const calls = [parts(call("a", {})), parts(call("b", {}, {}, { thoughtSignature: "Qw==" }))]
      const signed = { ...functionCall(2, "b"), thoughtSignature: "Qw==" }
      assert.deepStrictEqual(yield* replayed("gemini-4-neon", ...calls), [
        { ...functionCall(1), thoughtSignature: "skip_thought_signature_validator" },
        signed
      ])
      assert.deepStrictEqual(yield* replayed("gemini-2.5-pro", ...calls), [functionCall(1), signed])
    })
  )

  it.effect("stay with their part if the text after them is blank", () =>
    Effect.gen(function* () {
      const sign: Block = { _tag: "Thinking", provider: "gemini", text: "", raw: '{"thoughtSignature":"QQ=="}' }
      const contents = yield* sent(
        "gemini-2.5-pro",
        user("hi"),
        model(sign, { _tag: "Text", text: " " }, toolCall("{}"))
      )
      assert.deepStrictEqual(contents[1]?.parts[0], { text: "", thoughtSignature: "QQ==" })
      assert.notProperty(contents[1]?.parts[1], "thoughtSignature")
    })
  )
})

describe("the name of a tool at the Gemini API", () => {
  it("begins with a letter or _, is distinct, and leads back to the tool", () => {
    const names = ["look", "_x", "1st__look", "-box__look", `9${"x".repeat(63)}`, `9${"x".repeat(62)}y`, "_1st__look"]
    const sent = names.map(sentName)
    for (const name of sent) assert.match(name, /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/)
    assert.strictEqual(new Set(sent).size, names.length)
    const back = receivedName(names.map((name) => ({ name })))
    assert.deepStrictEqual(sent.map(back), names)
    assert.strictEqual(back("other"), "other")
  })

  it.live("is that of the tool in the response", () =>
    Effect.gen(function* () {
      const tool = { name: "1st__look", server: "1st", tool: "look", description: "", inputSchema: {} }
      const server = yield* serve({ body: [parts(call(sentName(tool.name), {})), stops("STOP")] })
      const turn = yield* run(gemini(server.url), request([user("hi")], { tools: [tool] }))
      assert.deepInclude(turn.blocks[0], { _tag: "ToolCall", name: "1st__look" })
      assert.include(server.received[0]?.body, `"name":"${sentName(tool.name)}"`)
    })
  )
})
