import { assert, describe, it } from "@effect/vitest"
import type { Block } from "@parley/domain/Content"
import { CallId } from "@parley/domain/Ids"
import { illegal, Message } from "@parley/domain/Message"
import { ToolDefinition } from "@parley/domain/Tool"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Demo from "../src/demo/Demo.ts"
import { history, Rounds } from "./support/Histories.ts"
import { request, run, textOf, user } from "./support/Turn.ts"

const demo = Demo.make()
const decode = Schema.decodeSync(
  Schema.fromJsonString(
    Schema.Struct({
      model: Schema.String,
      tools: Schema.Array(ToolDefinition),
      system: Schema.String,
      messages: Schema.Array(Message)
    })
  )
)

const definition = (server: string, tool: string, ...properties: ReadonlyArray<string>): ToolDefinition => ({
  name: `${server}__${tool}`,
  server,
  tool,
  description: tool,
  inputSchema: { type: "object", properties: Object.fromEntries(properties.map((name) => [name, { type: "string" }])) }
})
const workspace = [
  definition("other", "read_file", "path"),
  definition("workspace", "list_files", "path"),
  definition("workspace", "read_file", "path"),
  definition("workspace", "search_files", "query", "path")
]
const filesystem = [
  definition("fs", "list_directory", "path"),
  definition("fs", "read_text_file", "path"),
  definition("fs", "search_files", "path", "pattern")
]

const calls = (blocks: ReadonlyArray<Block>): ReadonlyArray<string> =>
  blocks.flatMap((block) => (block._tag === "ToolCall" ? [`${block.name} ${block.input}`] : []))

describe("the demo model's tool calls", () => {
  it.effect.each([
    ["list the files here", workspace, ["workspace__list_files {}"]],
    ["Please list all files in this folder.", workspace, ["workspace__list_files {}"]],
    ["List files in `src/lib`", workspace, ['workspace__list_files {"path":"src/lib"}']],
    ["What is in this folder?", workspace, ["workspace__list_files {}"]],
    ["read README.md", workspace, ['workspace__read_file {"path":"README.md"}']],
    [
      "Can you read the file a.txt, b.txt and tell me more?",
      workspace,
      ['workspace__read_file {"path":"a.txt"}', 'workspace__read_file {"path":"b.txt"}']
    ],
    [
      "What is in a.txt and b.txt?",
      workspace,
      ['workspace__read_file {"path":"a.txt"}', 'workspace__read_file {"path":"b.txt"}']
    ],
    ['what\'s in "my notes.txt"', workspace, ['workspace__read_file {"path":"my notes.txt"}']],
    ["search for TODO", workspace, ['workspace__search_files {"query":"TODO"}']],
    ['find "the word"', workspace, ['workspace__search_files {"query":"the word"}']],
    ["list the files here", filesystem, ['fs__list_directory {"path":"."}']],
    ["read a.txt", filesystem, ['fs__read_text_file {"path":"a.txt"}']],
    ["find *.md", filesystem, ['fs__search_files {"path":".","pattern":"*.md"}']]
  ] as const)("%s", ([question, tools, expected]) =>
    Effect.gen(function* () {
      const turn = yield* run(demo, request([user("<date>today</date>", question)], { tools }))
      assert.deepStrictEqual(calls(turn.blocks), expected)
      assert.strictEqual(turn.finish?.stop, "tool-calls")
      assert.match(textOf(turn), /^I will /)
      assert.isUndefined(turn.malformed)
    })
  )

  it.effect.each(["list the files here", "read a.txt", "search for x"])(
    "without the tool it names the one that it needs: %s",
    (question) =>
      Effect.gen(function* () {
        const turn = yield* run(demo, request([user(question)]))
        assert.match(textOf(turn), /I would need a tool named \w+_files? for that, and there is none/)
        assert.strictEqual(turn.finish?.stop, "end")
      })
  )

  it.effect.each(["Hello!", "How do I bake bread?", ""])(
    "anything else gets an explanation of the demo model and how to configure a real one: %s",
    (question) =>
      Effect.gen(function* () {
        const turn = yield* run(
          demo,
          request([{ role: "user", content: [{ _tag: "Text", text: question }] }], { tools: workspace })
        )
        assert.match(
          textOf(turn),
          /offline demo model: no intelligence, I follow fixed rules.*list the files here.*ANTHROPIC_API_KEY/s
        )
        assert.deepStrictEqual(calls(turn.blocks), [])
      })
  )

  it.effect.each([
    ["read ,", "Which file shall I read?"],
    ["search for ?", "What shall I search for?"]
  ] as const)("it asks a question if nothing is named: %s", ([question, expected]) =>
    Effect.gen(function* () {
      const turn = yield* run(demo, request([user(question)], { tools: workspace }))
      assert.strictEqual(textOf(turn), expected)
      assert.deepStrictEqual(calls(turn.blocks), [])
    })
  )

  it.effect("the text about configuring a real model can be replaced", () =>
    Effect.gen(function* () {
      const turn = yield* run(Demo.make({ howToConfigure: "Ask Ann." }), request([user("Hello!")]))
      assert.isTrue(textOf(turn).endsWith("Ask Ann."))
    })
  )
})

const answering = (tool: string, input: string, text: string, isError = false): ReadonlyArray<Message> => {
  const callId = CallId.make("r1t1c1")
  return [
    user("do it"),
    { role: "assistant", content: [{ _tag: "ToolCall", callId, providerId: "", name: `workspace__${tool}`, input }] },
    {
      role: "user",
      content: [{ _tag: "ToolResult", callId, isError, content: text === "" ? [] : [{ _tag: "Text", text }] }]
    }
  ]
}

describe("the demo model's text about results", () => {
  it.effect.each([
    ["list_files", "a.txt\nb.txt\nsrc/\n", false, "There are 3 entries: a.txt, b.txt, src/"],
    ["list_files", "a.txt", false, "There is 1 entry: a.txt"],
    ["list_files", "", false, "There are no entries."],
    ["read_file", "one\n\ntwo", false, "a.txt says:\none\ntwo"],
    ["read_file", "1\n2\n3\n4\n5\n6\n7", false, "a.txt says:\n1\n2\n3\n4\n5\n… and 2 more"],
    ["read_file", "1\n2\n3\n4\n5", false, "a.txt says:\n1\n2\n3\n4\n5"],
    ["read_file", " ", false, "a.txt is empty."],
    ["search_files", "a.txt:1: TODO", false, "There is 1 match:\na.txt:1: TODO"],
    ["search_files", "", false, "There are no matches."],
    ["read_file", "no such file", true, "The tool read_file failed: no such file"],
    ["read_file", "", true, "The tool read_file failed: it gave no reason"],
    ["shout", "HELLO", false, "a.txt says:\nHELLO"]
  ] as const)("%s %j", ([tool, text, isError, expected]) =>
    Effect.gen(function* () {
      const messages = answering(tool, '{"path":"a.txt"}', text, isError)
      const turn = yield* run(demo, request(messages, { tools: workspace }))
      assert.strictEqual(textOf(turn), expected)
      assert.strictEqual(turn.finish?.stop, "end")
    })
  )

  it.effect("a question after the results is answered", () =>
    Effect.gen(function* () {
      const before = answering("read_file", "{}", "one")
      const content = [...(before.at(-1)?.content ?? []), ...user("list the files here").content]
      const turn = yield* run(demo, request([...before.slice(0, -1), { role: "user", content }], { tools: workspace }))
      assert.deepStrictEqual(calls(turn.blocks), ["workspace__list_files {}"])
    })
  )

  it.effect("a text before the results is not answered", () =>
    Effect.gen(function* () {
      const before = answering("read_file", '{"path":"a.txt"}', "one")
      const content = [...user("list the files here").content, ...(before.at(-1)?.content ?? [])]
      const turn = yield* run(demo, request([...before.slice(0, -1), { role: "user", content }], { tools: workspace }))
      assert.deepStrictEqual([calls(turn.blocks), textOf(turn)], [[], "a.txt says:\none"])
    })
  )

  it.effect("a whole round: two files in parallel, answered in their order", () =>
    Effect.gen(function* () {
      const ask = user("what is in a.txt and b.txt")
      const asked = yield* run(demo, request([ask], { tools: workspace }))
      const results = asked.blocks.flatMap((block): ReadonlyArray<Block> =>
        block._tag === "ToolCall"
          ? [
              {
                _tag: "ToolResult",
                callId: block.callId,
                isError: false,
                content: [{ _tag: "Text", text: `got ${block.input}` }]
              }
            ]
          : []
      )
      const messages: ReadonlyArray<Message> = [
        ask,
        { role: "assistant", content: asked.blocks },
        { role: "user", content: results }
      ]
      assert.isUndefined(illegal(messages))
      const answered = yield* run(demo, request(messages, { tools: workspace }))
      assert.strictEqual(textOf(answered), 'a.txt says:\ngot {"path":"a.txt"}\n\nb.txt says:\ngot {"path":"b.txt"}')
    })
  )
})

describe("the demo model's stream", () => {
  it.effect("is labelled, costs nothing, is streamed, and is the same each time", () =>
    Effect.gen(function* () {
      const what = request([user("Hello!")], { system: "12345678", tools: workspace })
      const [first, second] = [yield* run(demo, what), yield* run(demo, what)]
      assert.deepStrictEqual(first, second)
      assert.isAbove(first.arrays.length, 5)
      assert.isTrue(first.arrays.every((array) => array.length > 0 && array.length <= 3))
      assert.strictEqual(first.finish?.usage.outputTokens, Math.ceil(textOf(first).length / 4))
      assert.strictEqual(demo.models[0]?.description, "offline demo model: no intelligence, follows fixed rules")
      assert.deepStrictEqual(demo.models[0]?.price, { input: 0, output: 0 })
    })
  )

  it.effect("counts one token per four characters of input", () =>
    Effect.gen(function* () {
      const usage = (text: string) =>
        Effect.map(run(demo, request([user(text)])), ({ finish }) => finish?.usage.inputTokens)
      assert.deepStrictEqual([yield* usage("1"), yield* usage("12345678"), yield* usage("123456789")], [1, 2, 3])
    })
  )

  it.effect.prop(
    "ends with one Finish and contains exactly the response, whatever the request",
    { asked: Schema.String, got: Schema.String, isError: Schema.Boolean },
    ({ asked, got, isError }) =>
      Effect.gen(function* () {
        const question = yield* run(demo, request([user(`read ${asked}`)], { tools: workspace }))
        const answer = yield* run(demo, request(answering("read_file", asked, got, isError), { tools: workspace }))
        for (const turn of [question, answer]) {
          assert.isUndefined(turn.error)
          assert.isUndefined(turn.malformed)
          assert.strictEqual(turn.arrays.flat().filter(({ _tag }) => _tag === "Finish").length, 1)
          assert.notStrictEqual(textOf(turn), "")
        }
        if (isError && got.trim() !== "")
          assert.strictEqual(textOf(answer), `The tool read_file failed: ${got.trim()}`.toWellFormed())
      }),
    { arbitrary: { runs: 100 } }
  )
})

describe("the demo model's request body", () => {
  it.prop(
    "is the request as JSON, in pieces that are its tools, its system prompt and its blocks",
    [Rounds, Schema.String],
    ([rounds, system]) => {
      const messages = history(rounds)
      const pieces = demo.render?.(request(messages, { system, tools: workspace })) ?? []
      const sent = decode(pieces.map(({ text }) => text).join(""))
      assert.deepStrictEqual(sent, { model: "m", tools: workspace, system, messages })
      const blocks = pieces.flatMap(({ of, text }) => (of._tag === "Block" ? [{ ...of, text }] : []))
      assert.deepStrictEqual(
        blocks,
        messages.flatMap(({ content }, message) =>
          content.map((part, block) => ({ _tag: "Block" as const, message, block, text: JSON.stringify(part) }))
        )
      )
      assert.deepStrictEqual(
        pieces.flatMap(({ of }) => (of._tag === "Tool" ? [of.name] : [])),
        workspace.map(({ name }) => name)
      )
    },
    { arbitrary: { runs: 50 } }
  )
})
