import { assert, describe, it } from "@effect/vitest"
import { McpManager } from "@parley/domain/McpManager"
import { ModelsManager } from "@parley/domain/ModelsManager"
import { PromptManager } from "@parley/domain/PromptManager"
import type { Provenance } from "@parley/domain/Provenance"
import { SessionManager } from "@parley/domain/SessionManager"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import { Effect, Layer } from "effect"
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
  const said: Array<string> = []
  const note = (text: string) => Effect.sync(() => void said.push(text))
  const output = Output.of({ text: note, line: note, note, aside: note, ask: note })
  const type = (line: string, provenance: Provenance = "user") =>
    Effect.gen(function* () {
      said.length = 0
      const edit = SlashCommands.find(line, id, provenance)
      if (edit === undefined) return undefined
      yield* Effect.provideService(edit, Output, output)
      return said.join("\n")
    })
  const pins = SessionCoordinator.use((coordinator) => coordinator.pins(id))
  return { type, pins }
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
})
