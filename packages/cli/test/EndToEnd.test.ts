import { LLMock } from "@copilotkit/aimock"
import { LogEntry } from "@parley/domain/SessionEvent"
import { Session } from "@parley/domain/Session"
import { SessionContext } from "@parley/domain/SessionContext"
import { assert, it } from "@effect/vitest"
import { DatabaseSync } from "node:sqlite"
import { join } from "node:path"
import { Effect, Schema } from "effect"
import { place } from "./support/Cli.ts"
import { everythingHttp, filesystem } from "./support/Everything.ts"
import { type Recorder, recorder } from "./support/Recorder.ts"

/** A fake of the API that nobody here wrote: three parallel calls, then an answer from their results. */
const model = Effect.acquireRelease(
  Effect.promise(() => {
    const mock = new LLMock({ port: 0, strict: true, chunkSize: 6 })
    mock
      .on(
        { userMessage: /compare/, hasToolResult: false },
        {
          content: "I will look at both files and add the numbers.",
          toolCalls: [
            { id: "toolu_1", name: "files__read_text_file", arguments: '{"path":"one.txt"}' },
            { id: "toolu_2", name: "files__read_text_file", arguments: '{"path":"two.txt"}' },
            { id: "toolu_3", name: "everything__get-sum", arguments: '{"a":40,"b":2}' }
          ]
        }
      )
      .on({ userMessage: /and what did/ }, { content: "You asked me to compare two files." })
      .on({ hasToolResult: true }, { content: "They differ, and the sum is 42." })
    return mock.start().then(() => mock)
  }),
  (mock) => Effect.promise(() => mock.stop())
)

const Wire = Schema.fromJsonString(
  Schema.Struct({
    system: Schema.Array(Schema.Struct({ text: Schema.String })),
    messages: Schema.Array(
      Schema.Struct({
        role: Schema.String,
        content: Schema.Array(
          Schema.Struct({
            type: Schema.String,
            tool_use_id: Schema.optionalKey(Schema.String),
            text: Schema.optionalKey(Schema.String)
          })
        )
      })
    )
  })
)
const sentBy = (record: Recorder, index: number) => Schema.decodeEffect(Wire)(record.bodies[index] ?? "")
const decodeEntries = Schema.decodeEffect(Schema.Array(Schema.fromJsonString(LogEntry)))
const lines = (text: string) => text.trim().split("\n")

it.live("one message through the real SDK and three real tools, and a second process that continues the session", () =>
  Effect.gen(function* () {
    const wire = yield* Effect.flatMap(model, (mock) => recorder(mock.url))
    const url = yield* everythingHttp
    const here = yield* place
    here.write("one.txt", "first file")
    here.write("two.txt", "second file")
    here.configure({
      model: "anthropic/claude-sonnet-5-5",
      mcpServers: {
        files: { command: process.execPath, args: [filesystem, here.workspace], cwd: here.workspace },
        everything: { url }
      }
    })
    const env = { ANTHROPIC_API_KEY: "test-key", ANTHROPIC_BASE_URL: wire.url }

    const first = yield* here.run(["run", "compare one.txt and two.txt", "--format", "stream-json"], { env })
    assert.strictEqual(first.code, 0, first.stderr)
    const entries = yield* decodeEntries(lines(first.stdout))
    const deltas = entries.flatMap(({ event }) => (event._tag === "TurnDelta" ? event.chunks : []))
    assert.isAbove(deltas.filter((chunk) => chunk._tag === "TextDelta").length, 0, "the text was streamed")
    assert.strictEqual(entries.filter(({ event }) => event._tag === "ToolStarted").length, 3)

    assert.lengthOf(wire.bodies, 2)
    const { messages: sent } = yield* sentBy(wire, 1)
    assert.deepStrictEqual(
      sent.at(-1)?.content.map(({ tool_use_id, type }) => `${type} ${tool_use_id}`),
      ["tool_result r1t1c1", "tool_result r1t1c2", "tool_result r1t1c3"],
      "three results, in call order"
    )

    const database = new DatabaseSync(join(here.home, ".local/share/parley/parley.db"), { readOnly: true })
    const rows = database.prepare("select body from events order by seq").all()
    const stored = rows.map((row) => String(row["body"]))
    database.close()
    assert.strictEqual(stored.filter((body) => body.includes('"RoundStarted"')).length, 1)
    assert.strictEqual(stored.filter((body) => body.includes('"TurnCompleted"')).length, 2)
    assert.strictEqual(
      stored.filter((body) => body.includes('"TurnDelta"')).length,
      0,
      "deltas of ended turns are gone"
    )

    const second = yield* here.run(["run", "--continue", "and what did I ask?"], { env })
    assert.strictEqual(second.code, 0, second.stderr)
    assert.strictEqual(second.stdout, "You asked me to compare two files.\n")
    const { messages: all } = yield* sentBy(wire, 2)
    assert.deepStrictEqual(
      all.map(({ content, role }) => `${role}: ${content.map(({ type }) => type).join(" ")}`),
      [
        "user: text text",
        "assistant: text tool_use tool_use tool_use",
        "user: tool_result tool_result tool_result",
        "assistant: text",
        "user: text text"
      ],
      "the whole first round, legally paired"
    )
    assert.deepStrictEqual(all.slice(0, 3), sent, "sent again as it was sent before")

    const listed = yield* here.run(["sessions", "list"])
    const id = listed.stdout.split(" ")[0] ?? ""
    const shown = yield* here.run(["sessions", "show", id, "--format", "json"])
    const session = yield* Schema.decodeEffect(Schema.fromJsonString(Session))(shown.stdout)
    assert.deepStrictEqual(
      session.rounds.map((round) => [round.status, round.turns.length]),
      [
        ["completed", 2],
        ["completed", 1]
      ]
    )

    const preview = yield* here.run(["context", "--continue", "next?", "--format", "json"], { env })
    const context = yield* Schema.decodeEffect(Schema.fromJsonString(SessionContext))(preview.stdout)
    yield* here.run(["run", "--continue", "and what did you say?"], { env })
    const next = yield* sentBy(wire, 3)
    assert.deepStrictEqual(next.system, [{ text: context.request.system }])
    assert.deepStrictEqual(
      next.messages.slice(0, -1).map(({ content }) => content.map(({ text }) => text)),
      context.messages
        .slice(0, -1)
        .map(({ content }) => content.map((block) => ("text" in block ? block.text : undefined))),
      "what `context` shows is what is sent"
    )
  })
)
