import { assert, describe, it } from "@effect/vitest"
import type { Block } from "@parley/domain/Content"
import { CallId } from "@parley/domain/Ids"
import type { Message } from "@parley/domain/Message"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import type { Piece } from "@parley/domain/RequestSize"
import type { ToolDefinition } from "@parley/domain/Tool"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { body, pieces } from "../src/anthropic/AnthropicRequest.ts"
import * as AnthropicSettings from "../src/anthropic/AnthropicSettings.ts"
import { message, text } from "@parley/harness/Events"
import { history, Rounds } from "./support/Histories.ts"
import { serve } from "@parley/harness/SseServer"
import { provider, request, run, user } from "./support/Turn.ts"

const settings = AnthropicSettings.make({})
const marker = ',"cache_control":{"type":"ephemeral"}'
const bare = (json: string): string => json.replaceAll(marker, "")

const tool = (name: string): ToolDefinition => ({
  name,
  server: "s",
  tool: name,
  description: "",
  inputSchema: { type: "object" }
})
const tools = [tool("s__a"), tool("s__b")]

const assistant = (...content: ReadonlyArray<Block>): Message => ({ role: "assistant", content })
const said = (text: string): Message => assistant({ _tag: "Text", text })
const opaque: Block = { _tag: "Opaque", provider: "anthropic", kind: "container_upload", raw: '{"type":"x"}' }

/** The text directly before each marker. */
const markedIn = (json: string): ReadonlyArray<string> =>
  json
    .split(marker)
    .slice(0, -1)
    .map((before) => before.slice(before.lastIndexOf("{")))

describe("cache markers", () => {
  it("are on the last tool, the system prompt, the end, and where the previous request ended", () => {
    const json = body(
      settings,
      request([user("one", "two"), said("1"), user("three", "four"), said("2"), user("five", "six")], {
        system: "Be brief.",
        tools
      })
    )
    assert.deepStrictEqual(markedIn(json), [
      '{"type":"object"}',
      '{"type":"text","text":"Be brief."',
      '{"type":"text","text":"four"',
      '{"type":"text","text":"six"'
    ])
    assert.include(json, `{"name":"s__b","description":"","input_schema":{"type":"object"}${marker}}]`)
  })

  it("reach the cached part however many calls a turn has made", () => {
    const ids = Array.from({ length: 30 }, (_, i) => CallId.make(`r1t1c${i + 1}`))
    const asked = user("go")
    const messages = [
      asked,
      assistant(
        ...ids.map((callId) => ({ _tag: "ToolCall" as const, callId, providerId: "", name: "a", input: "{}" }))
      ),
      {
        role: "user" as const,
        content: ids.map((callId) => ({ _tag: "ToolResult" as const, callId, isError: false, content: [] }))
      }
    ]
    const json = body(settings, request(messages))
    assert.include(json, `{"type":"text","text":"go"${marker}}`, "the end of the request before")
    assert.isTrue(json.endsWith(`"tool_use_id":"r1t1c30"${marker}}]}]}`))
    assert.strictEqual(markedIn(json).length, 2)
  })

  it("are not set on blocks that cannot have one, nor moved elsewhere", () => {
    const ends = (last: Block) =>
      markedIn(
        body(settings, request([user("one"), said("1"), { role: "user", content: [...user("two").content, last] }]))
      )
    assert.deepStrictEqual(ends(opaque), ['{"type":"text","text":"one"'])
    assert.deepStrictEqual(
      ends({
        _tag: "Thinking",
        provider: "anthropic",
        text: "",
        raw: '{"type":"thinking","thinking":"","signature":"s"}'
      }),
      ['{"type":"text","text":"one"']
    )
    // A block that is not sent gets no marker.
    assert.deepStrictEqual(ends({ _tag: "Text", text: " " }), [
      '{"type":"text","text":"one"',
      '{"type":"text","text":"two"'
    ])
  })

  it.live("have the configured lifetime, or are absent", () =>
    Effect.gen(function* () {
      const server = yield* serve({ body: [message("end_turn", text(0, "x"))] })
      const what = request([user("hi")], { system: "s", tools })
      yield* run(provider(server.url, { cacheLifetime: "1h" }), what)
      yield* run(provider(server.url, { caching: false, cacheLifetime: "1h" }), what)
      const [hour = "", none = ""] = server.received.map(({ body }) => body)
      assert.strictEqual(hour.split('"cache_control":{"type":"ephemeral","ttl":"1h"}').length, 4)
      assert.notInclude(none, "cache_control")
    })
  )
})

describe("settings", () => {
  it("of a request take precedence over the provider's, and invalid ones are ignored", () => {
    const old = AnthropicSettings.make({ maxOutputTokens: 7, thinking: { type: "adaptive" }, cacheLifetime: "1h" })
    const stored: ModelRequest["settings"] = { ...old }
    assert.deepStrictEqual(AnthropicSettings.of(stored, settings), old)
    assert.strictEqual(AnthropicSettings.of(undefined, settings), settings)
    for (const nonsense of [{}, { max_tokens: 0 }, { ...old, thinking: {} }, { ...old, cache_control: { type: "x" } }])
      assert.strictEqual(AnthropicSettings.of(nonsense, settings), settings)
  })

  it.live("rebuild a stored request after the configuration has changed, byte for byte", () =>
    Effect.gen(function* () {
      const server = yield* serve({ body: [message("end_turn", text(0, "x"))] })
      const before = provider(server.url, { maxOutputTokens: 77, cacheLifetime: "1h", thinking: { type: "adaptive" } })
      const after = provider(server.url, { caching: false })
      const what = request([user("hi")], { system: "s", tools })
      const info = before.describe("m")
      yield* run(before, what)
      yield* run(after, what)
      yield* run(after, { ...what, ...(info.settings === undefined ? {} : { settings: info.settings }) })
      const [first, changed, again] = server.received.map(({ body }) => body)
      assert.strictEqual(again, first)
      assert.notStrictEqual(changed, first)
      assert.strictEqual(info.maxOutput, 77)
    })
  )
})

const Objects = Schema.Array(Schema.Record(Schema.String, Schema.Json))
const Sent = Schema.Struct({
  tools: Schema.optionalKey(Objects),
  system: Schema.optionalKey(Objects),
  messages: Schema.Array(Schema.Struct({ role: Schema.String, content: Objects }))
})
const decode = Schema.decodeSync(Schema.fromJsonString(Sent))
const parse = Schema.decodeSync(Schema.fromJsonString(Schema.Json))
const carries = (block: object | undefined): boolean => block !== undefined && "cache_control" in block

const joined = (all: ReadonlyArray<Piece> | undefined): string => all?.map(({ text }) => text).join("") ?? ""

describe("for every legal history, on the wire", () => {
  it.live.prop(
    "a request without its markers and closing brackets is a prefix of the next; its pieces are its bytes",
    [Rounds],
    ([rounds]) =>
      Effect.gen(function* () {
        const messages = history(rounds)
        const server = yield* serve({ body: [message("end_turn")] })
        const anthropic = provider(server.url)
        for (let n = 1; n <= messages.length; n += 2) {
          // Fresh objects with the same content, as after a restart, every other time.
          const some = messages.slice(0, n)
          const what = request(n % 4 === 1 ? some : structuredClone(some), { system: "s", tools })
          yield* run(anthropic, what)
          assert.strictEqual(server.received.at(-1)?.body, joined(anthropic.render?.(what)))
        }
        const bodies = server.received.map(({ body }) => body)
        bodies.slice(1).forEach((after, i) => {
          const before = bare(bodies[i] ?? "")
          assert.isTrue(before.endsWith("]}") && bare(after).startsWith(before.slice(0, -2)))
        })
      }).pipe(Effect.scoped),
    { arbitrary: { runs: 60 } }
  )

  it.prop(
    "there are at most four markers, two of them on the last two user messages, and each piece has the right owner",
    [Rounds, Schema.Boolean],
    ([rounds, equipped]) => {
      const messages = history(rounds)
      const more = equipped ? { system: "s", tools } : {}
      const sent = decode(body(settings, request(messages, more)))
      const blocks = sent.messages.flatMap(({ content }) => content)
      const users = sent.messages.filter(({ role }) => role === "user").slice(-2)
      const ends = users.map(({ content }) => content.at(-1))
      assert.isTrue(ends.every(carries))
      assert.strictEqual(blocks.filter(carries).length, ends.length)
      assert.strictEqual([...(sent.tools ?? []), ...(sent.system ?? [])].filter(carries).length, equipped ? 2 : 0)

      const all = pieces(settings, request(messages, more))
      const of = (message: number, block: number) =>
        joined(all.filter(({ of }) => of._tag === "Block" && of.message === message && of.block === block))
      messages.forEach(({ content }, m) => {
        const shown = content.map((_, b) => of(m, b)).filter((json) => json !== "")
        assert.strictEqual(shown.length, sent.messages[m]?.content.length)
        shown.forEach((json, b) => {
          const { cache_control: _, ...block } = sent.messages[m]?.content[b] ?? {}
          assert.deepStrictEqual(parse(json), block)
        })
      })
      const names = all.flatMap(({ of }) => (of._tag === "Tool" ? [of.name] : []))
      assert.deepStrictEqual([...new Set(names)], equipped ? ["s__a", "s__b"] : [])
    },
    { arbitrary: { runs: 150 } }
  )
})
