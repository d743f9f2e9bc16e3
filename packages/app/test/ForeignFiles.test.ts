import { assert, describe, it } from "@effect/vitest"
import { textOf } from "@parley/domain/Content"
import * as MessageFold from "@parley/domain/MessageFold"
import * as SessionFold from "@parley/domain/SessionFold"
import { SessionManager } from "@parley/domain/SessionManager"
import { check } from "@parley/testing/Invariants"
import * as Effect from "effect/Effect"
import { importSession } from "../src/transfer/SessionImport.ts"
import * as Files from "./support/foreignFiles.ts"

/** The session of a file: what people see of it, its notices, and the violations of what holds for every log. */
const imported = (content: string) =>
  Effect.gen(function* () {
    const sessions = yield* SessionManager
    const { notices, program, session } = yield* importSession({ content, workspace: "/w" })
    const log = yield* sessions.read(session.id, 0)
    assert.deepStrictEqual(check({ log, info: session }).violations, [])
    // Requests alternate, begin with the user, and have a result for each call.
    const messages = MessageFold.fromEvents(log)
    assert.strictEqual(messages[0]?.role, "user")
    for (const [i, { role }] of messages.entries()) assert.strictEqual(role, i % 2 === 0 ? "user" : "assistant")
    assert.isFalse(messages.some(({ content }) => content.length === 0))
    const view = SessionFold.fromEvents(session.id, log)
    const shape = view.rounds.map((round) => [
      textOf(round.request),
      ...round.turns.map(({ content, toolCalls }) => [
        ...content.map((block) => (block._tag === "ToolCall" ? "call" : "text" in block ? block.text : block._tag)),
        ...toolCalls.map(({ name, outcome }) => {
          const result = outcome === undefined ? "" : "content" in outcome ? textOf(outcome.content) : outcome.reason
          return `${name}: ${outcome?._tag} ${result}`
        })
      ]),
      round.status
    ])
    const told = notices.map(({ line, problem }) => (line === undefined ? problem : `${line}: ${problem}`))
    return { program, session, view, shape, told, log }
  }).pipe(Effect.provide(SessionManager.layerMemory))

const refused = (content: string) =>
  Effect.flip(importSession({ content, workspace: "/w" })).pipe(
    Effect.map(({ message }) => message),
    Effect.provide(SessionManager.layerMemory)
  )

describe("session files of Claude Code", () => {
  it.effect("keep answers in several records, results of parallel calls, and the latest branch", () =>
    Effect.gen(function* () {
      const { program, session, shape, told, view } = yield* imported(Files.lines(Files.claudeCode))
      assert.strictEqual(program, "claude-code")
      assert.deepInclude(session, {
        title: "Counting apples",
        titledBy: "user",
        workspace: "/w",
        rounds: 2,
        open: false
      })
      assert.deepStrictEqual(shape, [
        [
          "How many apples are in fruit.txt?",
          [
            "I should read it.",
            "I look at the file.",
            "call",
            "call",
            "Read: Succeeded      1→apples: 12",
            "Bash: Failed no such command"
          ],
          ["Twelve apples."],
          "completed"
        ],
        ["And pears?", ["None."], "completed"]
      ])
      assert.deepStrictEqual(view.rounds[0]?.turns[0]?.model, { provider: "anthropic", model: "claude-opus-4-5" })
      assert.deepInclude(view.rounds[0]?.turns[0]?.usage, { cacheReadTokens: 2000, outputTokens: 30 })
      assert.deepStrictEqual(view.rounds[1]?.request[1], { _tag: "Image", mediaType: "image/png", data: "iVBORw0K" })
      assert.strictEqual(session.createdAt, Date.parse("2026-01-20T11:57:01.000Z"))
      assert.deepStrictEqual(told, [
        "17: a message of the program itself, not of the model, is left out",
        "18: a block of the kind server_tool_use is left out",
        "records that are not part of the conversation are left out: file-history-snapshot (1), queue-operation (1), " +
          "records of subagents (1), system (1)",
        "records of branches that the user left are left out: answers (1), messages (1)"
      ])
    })
  )

  it.effect("of early versions, compacted and cut off, keep what is there", () =>
    Effect.gen(function* () {
      const cut = `${Files.lines(Files.claudeCodeOld)}{"type":"user","uuid":"u9","mess`
      const { shape, told } = yield* imported(cut)
      assert.deepStrictEqual(shape, [
        ["First question", ["First answer"], "completed"],
        [
          "This session is being continued: the user asked a question.",
          ["call", "mcp__files__list_all: Unknown the imported file has no result of this call"],
          "cancelled"
        ]
      ])
      assert.deepStrictEqual(told, [
        "5: the line is left out: it is cut off",
        "3: the conversation was compacted here; what stands before it is imported, too",
        "call toolu_9 has no result; its outcome is unknown"
      ])
    })
  )

  it.effect("report records of unknown kinds, lines that are no JSON, and results without a call", () =>
    Effect.gen(function* () {
      const [first, second] = Files.claudeCodeOld
      const odd = [first, { type: "hologram", uuid: "h", sessionId: "s", parentUuid: "u1" }, second].map((one) =>
        Files.json(one)
      )
      const orphan = Files.claudeUser("r1", "a1", [{ type: "tool_result", tool_use_id: "toolu_0", content: "x" }], 5)
      const { told } = yield* imported([...odd, "not json", Files.json(orphan), ""].join("\n"))
      assert.deepStrictEqual(told, [
        "4: the line is left out: it is not JSON",
        "2: a record of the unknown kind hologram is left out",
        "the result of call toolu_0 is left out: the file has no such call"
      ])
    })
  )

  it.effect("that begin with an answer get a message that says so", () =>
    Effect.gen(function* () {
      const { shape } = yield* imported(Files.lines(Files.claudeCodeOld.slice(1, 2)))
      assert.deepStrictEqual(shape, [
        ["(The imported conversation begins with an answer.)", ["First answer"], "completed"]
      ])
    })
  )
})

describe("session files of Codex", () => {
  it.effect("keep calls of both kinds, reasoning that can be read, and what was not taken back", () =>
    Effect.gen(function* () {
      const { program, shape, told, view } = yield* imported(Files.lines(Files.codex))
      assert.strictEqual(program, "codex")
      assert.deepStrictEqual(shape, [
        [
          "How many apples?",
          [
            "**Reading the file**",
            "call",
            "call",
            "shell_command: Succeeded apples: 12",
            "apply_patch: Succeeded Success"
          ],
          ["Twelve."],
          "completed"
        ],
        ["And this?", ["A pear."], "completed"]
      ])
      const [turn] = view.turns
      assert.deepStrictEqual(turn?.model, { provider: "openai", model: "gpt-5-codex" })
      assert.deepInclude(turn?.usage, { inputTokens: 20, cacheReadTokens: 100, outputTokens: 9 })
      assert.strictEqual(turn?.toolCalls[1]?.input, Files.json({ input: "*** Begin Patch\n*** End Patch" }))
      assert.strictEqual(view.rounds[1]?.request[1]?._tag, "Image")
      assert.deepStrictEqual(told, [
        "18: the user took back a message here, which is left out",
        "19: the conversation was compacted here; what stands before it is imported instead of the summary",
        "21: an item of the unknown kind brand_new_item is left out",
        "22: a record of the unknown kind brand_new_line is left out",
        "what only Codex can use is left out: context of Codex (1), encrypted reasoning (1), messages with the role developer (1)"
      ])
    })
  )

  it.effect("of early versions have no envelopes", () =>
    Effect.gen(function* () {
      const { shape, told } = yield* imported(Files.lines(Files.codexOld))
      assert.deepStrictEqual(shape, [
        ["List the files", ["call", "local_shell: Failed a.txt"], ["There is a.txt."], "completed"]
      ])
      assert.deepStrictEqual(told, ["what only Codex can use is left out: encrypted reasoning (1)"])
    })
  )
})

describe("exports of opencode", () => {
  it.effect("keep the steps of an answer, failed calls, and attached images", () =>
    Effect.gen(function* () {
      const { program, session, shape, told, view } = yield* imported(Files.json(Files.opencode, 2))
      assert.strictEqual(program, "opencode")
      assert.strictEqual(session.title, "Counting apples")
      assert.deepStrictEqual(shape, [
        [
          "How many apples are in @fruit.txt?Called the Read tool with the following input: {}",
          ["Read it.", "I look.", "call", "call", "read: Succeeded apples: 12", "bash: Failed not allowed"],
          ["Twelve apples."],
          "completed"
        ],
        ["Thanks", ["call", "bash: Unknown the imported file has no result of this call"], "cancelled"]
      ])
      assert.deepInclude(view.turns[0]?.usage, { inputTokens: 10, outputTokens: 23, cacheReadTokens: 5 })
      assert.deepStrictEqual(told, [
        "message 1: the file fruit.txt is left out: the export does not contain it",
        "message 2: a part of the unknown kind hologram is left out",
        "message 4: the answer ended with an error (MessageAbortedError), which is left out",
        "parts that are not part of the conversation are left out: patch (1)",
        "call toolu_3 has no result; its outcome is unknown"
      ])
    })
  )
})

describe("a file that is no session", () => {
  it.effect("is refused, and so is one without any conversation", () =>
    Effect.gen(function* () {
      for (const content of ["", "hello", "{}", "[]", '{"type":"x"}\n', Files.json(Files.opencode).slice(0, 500)])
        assert.include(yield* refused(content), "it is not a session file of Parley, Claude Code or Codex", content)
      assert.include(yield* refused(Files.lines(Files.claudeCode.slice(0, 2))), "contains no message and no answer")
      for (const value of [null, 1, "x", [], {}, { message: null }, { message: { content: 3 }, timestamp: [] }])
        yield* imported(
          Files.lines([...Files.claudeCodeOld, { type: "user", uuid: "z", parentUuid: "a2", ...Object(value) }])
        )
    })
  )
})
