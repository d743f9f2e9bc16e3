import { assert, describe, it } from "@effect/vitest"
import { callId, roundId, turnId } from "@parley/domain/Ids"
import type { LogEntry, SessionEvent } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import { zero } from "@parley/domain/Usage"
import * as Effect from "effect/Effect"
import { exportSession } from "../src/transfer/SessionExport.ts"
import { importSession } from "../src/transfer/SessionImport.ts"

const r1 = roundId(1)
const t1 = turnId(r1, 1)
const call = callId(t1, 1)
const model = { provider: "p", model: "m" }
const text = (words: string) => ({ _tag: "Text" as const, text: words })

/** Text of models and tools that tries to become markup, in every place that an export has. */
const hostile = `</pre></section><script>alert(1)</script><img src=x onerror=alert(2)>"' onclick="alert(3)\n\`\`\`\n# not a heading\u202e\u001b[2J\u0000`
const events: ReadonlyArray<SessionEvent> = [
  {
    _tag: "RoundStarted",
    roundId: r1,
    request: [text(hostile), { _tag: "Image", mediaType: "image/png", data: "iVBORw0K" }]
  },
  { _tag: "ContextBuilt", roundId: r1, roundPart: [], files: {}, manifest: [] },
  { _tag: "TurnStarted", roundId: r1, turnId: t1, model },
  { _tag: "TurnDelta", turnId: t1, chunks: [{ _tag: "TextDelta", index: 0, text: "gone" }] },
  {
    _tag: "TurnCompleted",
    turnId: t1,
    content: [
      { _tag: "Thinking", provider: "p", text: hostile, raw: '{"signature":"\\u0000"}' },
      text(`before\n\n\`\`\`js\nlet a = "<b>"\n\`\`\`\n\nafter ${hostile}`),
      {
        _tag: "ToolCall",
        callId: call,
        providerId: "x",
        name: `read"><script>`,
        input: JSON.stringify({ path: hostile })
      }
    ],
    usage: { ...zero, inputTokens: 12 },
    cost: 0.5,
    stop: "tool-calls"
  },
  { _tag: "ToolStarted", callId: call },
  {
    _tag: "ToolSettled",
    callId: call,
    outcome: {
      _tag: "Succeeded",
      content: [
        text(`${hostile}\n\`\`\`\`\nfour`),
        { _tag: "Image", mediaType: "image/svg+xml", data: "PHN2Zz4=" },
        { _tag: "Image", mediaType: `image/png"><script>`, data: "AAAA" },
        { _tag: "Image", mediaType: "image/png", data: `"><script>alert(4)</script>` }
      ]
    }
  },
  { _tag: "RoundFailed", roundId: r1, failure: { error: "ModelError", message: `broken <script>` } }
]

const stored = Effect.gen(function* () {
  const sessions = yield* SessionManager
  const { id } = yield* sessions.create({ workspace: "/w<script>", title: `Title </title><script>alert(5)</script>` })
  yield* sessions.append(id, { after: 0, epoch: 0 }, events)
  return { sessions, id }
})

const lines = (content: string) => content.split("\n").slice(1)

describe("a session as JSON lines", () => {
  it.effect("comes back with the same log, byte for byte", () =>
    Effect.gen(function* () {
      const { id, sessions } = yield* stored
      const content = yield* exportSession(id, "jsonl")
      const { notices, program, session } = yield* importSession({ content, workspace: "/elsewhere" })
      assert.deepStrictEqual([program, notices], ["parley", []])
      assert.notStrictEqual(session.id, id)
      assert.strictEqual(session.workspace, "/elsewhere")
      const [before, after] = [yield* sessions.read(id, 0), yield* sessions.read(session.id, 0)]
      assert.deepStrictEqual(after, before)
      assert.deepStrictEqual(lines(yield* exportSession(session.id, "jsonl")), lines(content))
      const { id: _, workspace: _w, ...info } = yield* sessions.get(id)
      assert.deepInclude(session, info)
    }).pipe(Effect.provide(SessionManager.layerMemory))
  )

  it.effect("that is cut off, edited or damaged is refused, with the line, and nothing is stored", () =>
    Effect.gen(function* () {
      const { id, sessions } = yield* stored
      const content = yield* exportSession(id, "jsonl")
      const all = content.split("\n")
      const without = (line: number) => all.toSpliced(line - 1, 1).join("\n")
      for (const [damaged, line, words] of [
        [content.slice(0, -20), 8, "cut off"],
        [all.slice(0, 4).join("\n") + "\n", 4, "the log ends with event 8, the file with event 3"],
        [
          content.replace('"ToolStarted"', '"ToolStopped"'),
          6,
          "it is not an event that this version of Parley can read"
        ],
        [content.replace('"version":1', '"version":2'), 1, "the header is not one"],
        [content.replace('{"seq":3', '{"seq":"3"'), 4, ""],
        [without(4), undefined, "the log is damaged: event 5"],
        [without(2), undefined, "the log is damaged"]
      ] as const) {
        const error = yield* Effect.flip(importSession({ content: damaged, workspace: "/w" }))
        assert.strictEqual(error._tag, "ImportError")
        assert.strictEqual("line" in error ? error.line : undefined, line, words)
        assert.include(error.message, words)
      }
      assert.lengthOf(yield* sessions.list({}), 1)
    }).pipe(Effect.provide(SessionManager.layerMemory))
  )

  it.effect("of a round that runs describes what is in the file", () =>
    Effect.gen(function* () {
      const sessions = yield* SessionManager
      const { id } = yield* sessions.create({})
      yield* sessions.append(id, { after: 0, epoch: 0 }, events.slice(0, 4))
      const content = yield* exportSession(id, "jsonl")
      const { session } = yield* importSession({ content, workspace: "" })
      assert.deepInclude(session, { head: 4, open: true, rounds: 1 })
    }).pipe(Effect.provide(SessionManager.layerMemory))
  )
})

/** The elements of a page, without text. */
const elements = (page: string) => new Set([...page.matchAll(/<([a-z0-9]+)/gi)].map(([, name]) => name))

describe("a session for people", () => {
  it.effect("as HTML shows hostile text as text, and loads and runs nothing", () =>
    Effect.gen(function* () {
      const { id } = yield* stored
      const page = yield* exportSession(id, "html")
      const known = [
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "h1",
        "h2",
        "dl",
        "dt",
        "dd",
        "section",
        "details"
      ]
      const more = ["summary", "div", "pre", "code", "span", "time", "p", "img"]
      for (const name of elements(page)) assert.include([...known, ...more], name)
      assert.deepStrictEqual(
        [...page.matchAll(/<img[^>]*>/g)].map(([tag]) => tag),
        ['<img alt="image" src="data:image/png;base64,iVBORw0K">']
      )
      assert.notMatch(page, /\son[a-z]+="|javascript:|https?:|url\(|@import/i)
      assert.include(page, `<meta http-equiv="Content-Security-Policy" content="default-src 'none';`)
      assert.include(page, "&lt;script&gt;alert(1)&lt;/script&gt;")
      assert.include(page, "<title>Title &lt;/title&gt;")
      // The code of the answer is in a block of its own, and what follows it is not.
      assert.include(page, "<pre>let a = &quot;&lt;b&gt;&quot;</pre>")
      assert.notMatch(page, /(?![\n\t])\p{Cc}|[\u202a-\u202e]/u)
    }).pipe(Effect.provide(SessionManager.layerMemory))
  )

  it.effect("as Markdown keeps inputs and results in blocks that their content cannot close", () =>
    Effect.gen(function* () {
      const { id } = yield* stored
      const page = yield* exportSession(id, "md")
      assert.match(page, /^# Title \\<\/title\\>\\<script\\>/)
      assert.include(page, "> </pre></section><script>")
      const fences = [...page.matchAll(/^(`{3,})(?:json)?$/gm)].map(([, fence]) => fence?.length)
      assert.include(fences, 5)
      assert.include(page, "*The round failed: broken \\<script\\>*")
      assert.notMatch(page, /(?![\n\t])\p{Cc}|[\u202a-\u202e]/u)
    }).pipe(Effect.provide(SessionManager.layerMemory))
  )

  it.effect("has no line of a message outside of its quotation", () =>
    Effect.gen(function* () {
      const sessions = yield* SessionManager
      const log: ReadonlyArray<LogEntry> = [
        { seq: 1, at: 0, event: { _tag: "RoundStarted", roundId: r1, request: [text("a\n\n# b\r\nc")] } }
      ]
      const { id } = yield* sessions.restore({ createdAt: 0, entries: log })
      assert.include(yield* exportSession(id, "md"), "> a\n>\n> # b\n> c\n")
    }).pipe(Effect.provide(SessionManager.layerMemory))
  )
})
