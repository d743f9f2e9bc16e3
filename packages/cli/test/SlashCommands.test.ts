import { assert, describe, it } from "@effect/vitest"
import { McpManager } from "@parley/domain/McpManager"
import { ModelsManager } from "@parley/domain/ModelsManager"
import { PromptManager } from "@parley/domain/PromptManager"
import type { Provenance } from "@parley/domain/Provenance"
import { SessionManager } from "@parley/domain/SessionManager"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import { Effect, Layer } from "effect"
import type { Conversation } from "../src/chat/Conversation.ts"
import { Output } from "../src/output/Output.ts"
import * as SlashCommands from "../src/chat/SlashCommands.ts"
import { here } from "./support/InProcess.ts"

const engine = SessionCoordinator.layer.pipe(
  Layer.provideMerge([
    SessionManager.layerMemory,
    McpManager.layerMemory({}),
    ModelsManager.layerMemory,
    PromptManager.layerMemory()
  ])
)

/** Types lines into a conversation, and keeps what is said about them. */
const typing = Effect.gen(function* () {
  yield* here
  const sessions = yield* SessionManager
  const { id } = yield* sessions.create({})
  const conversation: Conversation = { id, named: {} }
  const said: Array<string> = []
  const note = (text: string) => Effect.sync(() => void said.push(text))
  const output = Output.of({ text: note, line: note, note, aside: note, ask: note })
  const type = (line: string, provenance: Provenance = "user") =>
    Effect.gen(function* () {
      said.length = 0
      const edit = SlashCommands.find(line, conversation, provenance)
      if (edit === undefined) return undefined
      yield* Effect.provideService(edit, Output, output)
      return said.join("\n")
    })
  const pins = SessionCoordinator.use((coordinator) => coordinator.pins(id))
  const send = (request: string) =>
    SessionCoordinator.use((coordinator) => coordinator.handleMessage({ sessionId: conversation.id, request }))
  return { conversation, send, type, pins }
})

describe("a line of a conversation that begins with a slash", () => {
  it.live("is a command if its first word is one, and otherwise a message", () =>
    Effect.gen(function* () {
      const { type } = yield* typing
      for (const line of [
        "hello",
        "see /help",
        "/helpme",
        "/usr/bin/x",
        "/constructor",
        "constructor",
        "toString",
        "",
        "/exit"
      ])
        assert.isUndefined(yield* type(line), line)
      const help = yield* type("  /help  ")
      for (const name of SlashCommands.names) if (name !== "/help") assert.include(help ?? "", name)
      assert.strictEqual(yield* type("/prompts"), "No MCP server offers a prompt; /mcp shows the status of the servers")
    }).pipe(Effect.provide(engine))
  )

  it.live("pins the rest of the line with the command's kind and the line's provenance", () =>
    Effect.gen(function* () {
      const { pins, type } = yield* typing
      assert.strictEqual(yield* type("/pin answer   in French"), "pinned")
      yield* type("/goal ship it")
      yield* type("/todo the docs", "outside")
      assert.deepStrictEqual(
        (yield* pins).map(({ kind, provenance, text }) => [kind, text, provenance ?? "user"]),
        [
          ["constraint", "answer in French", "user"],
          ["goal", "ship it", "user"],
          ["open-work", "the docs", "outside"]
        ]
      )
      assert.strictEqual(yield* type("/unpin ship it"), "unpinned")
      assert.lengthOf(yield* pins, 2)
    }).pipe(Effect.provide(engine))
  )

  it.live("lists the servers, or restarts the named one", () =>
    Effect.gen(function* () {
      const { type } = yield* typing
      assert.notInclude((yield* type("/mcp")) ?? "", "SERVER")
      assert.strictEqual(yield* type("/mcp restart gone"), "parley: there is no server gone; /mcp lists the servers")
      for (const line of ["/mcp restart", "/mcp restart a b", "/mcp stop a", "/mcp x"])
        assert.strictEqual(yield* type(line), "Usage: /mcp, or /mcp restart SERVER", line)
      assert.strictEqual(yield* type("/refresh"), "all files are sent again with the next message")
    }).pipe(Effect.provide(engine))
  )

  it.live("takes rounds back and brings them back, and says which", () =>
    Effect.gen(function* () {
      const { conversation, send, type } = yield* typing
      yield* send("one")
      yield* send("two")
      const files = "Files that tools have changed stay as they are"
      assert.strictEqual(yield* type("/undo"), `Undone: r2 "two"\n${files}`)
      assert.strictEqual(yield* type("/redo"), 'In effect again: r2 "two"')
      assert.strictEqual(yield* type("/undo 2"), `Undone: r1 "one"\nUndone: r2 "two"\n${files}`)
      const { rounds } = yield* SessionCoordinator.use((parley) => parley.redo(conversation.id))
      assert.lengthOf(rounds, 2)
      for (const words of ["0", "x", "1.5", "-1"]) {
        const error = yield* Effect.flip(type(`/undo ${words}`))
        assert.strictEqual(error.message, `${words}: expected a number of rounds, such as 1`)
      }
    }).pipe(Effect.provide(engine))
  )

  it.live("continues the conversation in a fork", () =>
    Effect.gen(function* () {
      const { conversation, send, type } = yield* typing
      yield* send("one")
      yield* send("two")
      const first = conversation.id
      const answer = yield* type("/fork 1")
      const second = conversation.id
      assert.notStrictEqual(second, first)
      assert.strictEqual(
        answer,
        `The conversation continues in session ${second}, a fork of ${first}, which is unchanged`
      )
      assert.strictEqual((yield* send("three")).id, "r2")
      assert.match((yield* Effect.flip(type("/fork r9"))).message, /no round and no completed turn r9/)
      assert.match((yield* Effect.flip(type("/fork there"))).message, /^there: expected a round such as r3/)
      assert.strictEqual(conversation.id, second)
    }).pipe(Effect.provide(engine))
  )

  it.live("shows and chooses the model of the session, in place of the command's flags", () =>
    Effect.gen(function* () {
      const { conversation, send, type } = yield* typing
      const modelOf = (text: string) => Effect.map(send(text), ({ turns }) => turns[0]?.model.model)
      assert.strictEqual(yield* type("/model"), "model: memory/echo")
      conversation.named = { model: { provider: "memory", model: "flag" }, limits: { turns: 3 } }
      assert.strictEqual(yield* type("/model"), "model: memory/flag")
      assert.strictEqual(yield* type("/model memory/other"), "model: memory/other")
      assert.deepStrictEqual(conversation.named, { limits: { turns: 3 } })
      assert.strictEqual(yield* modelOf("one"), "other")
      assert.strictEqual(yield* type("/effort high"), "model: memory/other\neffort: high")
      assert.strictEqual(yield* type("/effort"), "model: memory/other\neffort: high")
      assert.strictEqual(yield* type("/model default"), "model: memory/echo")
      assert.strictEqual(yield* modelOf("two"), "echo")
      assert.match((yield* Effect.flip(type("/model other"))).message, /^\/model other: expected PROVIDER\/MODEL/)
      assert.match(
        (yield* Effect.flip(type("/effort much"))).message,
        /^\/effort much: expected one of none, .*, default$/
      )
    }).pipe(Effect.provide(engine))
  )

  it.live("chooses the effort for the model that the command's flags name", () =>
    Effect.gen(function* () {
      const { conversation, type } = yield* typing
      conversation.named = { model: { provider: "memory", model: "flag" }, effort: "low" }
      assert.strictEqual(yield* type("/effort high"), "model: memory/flag\neffort: high")
      assert.deepStrictEqual(conversation.named, {})
    }).pipe(Effect.provide(engine))
  )
})
