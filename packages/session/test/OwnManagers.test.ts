// Programs with managers of the user in place of the scripted ones.
import { text } from "@parley/domain/Content"
import { DynamicContextManager } from "@parley/domain/DynamicContextManager"
import * as Files from "@parley/domain/FilesManager"
import { McpManager } from "@parley/domain/McpManager"
import { ModelsManager } from "@parley/domain/ModelsManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import type { ToolDefinition } from "@parley/domain/Tool"
import { ToolError } from "@parley/domain/ToolError"
import { ProgramRunner, Programs } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { engine, limits } from "./Engine.ts"

type Managers = NonNullable<ProgramRunner.ProgramOptions["managers"]>

const changeModels = (change: (models: ModelsManager["Service"]) => Partial<ModelsManager["Service"]>) =>
  Layer.effect(
    ModelsManager,
    Effect.map(ModelsManager, (models) => ModelsManager.of({ ...models, ...change(models) }))
  )
const changeTools = (change: (mcp: McpManager["Service"]) => Partial<McpManager["Service"]>) =>
  Layer.effect(
    McpManager,
    Effect.map(McpManager, (mcp) => McpManager.of({ ...mcp, ...change(mcp) }))
  )

/** One of each kind, which pass on what the program scripts, or add something that no prediction depends on. */
const passing: Managers = Layer.mergeAll(
  changeModels(({ stream }) => ({ stream: (request) => Stream.rechunk(stream(request), 1) })),
  changeTools(({ call }) => ({
    call: (name, input, context) => Effect.andThen(Effect.yieldNow, call(name, input, context))
  })),
  Layer.effect(
    PromptManager,
    Effect.map(PromptManager, ({ prompt }) => ({
      prompt: Effect.map(prompt, (parts) => ({ ...parts, rules: ["our own rule"] }))
    }))
  ),
  Files.layerMemory([{ path: "own.md", text: "our own file" }]),
  Layer.effect(
    DynamicContextManager,
    Effect.map(DynamicContextManager, ({ slots }) => ({
      slots: Effect.map(slots, (all) => all.map((slot) => ({ ...slot, id: "own" })))
    }))
  )
)

const definition = (name: string): ToolDefinition => ({
  name,
  server: "own",
  tool: name,
  description: "",
  inputSchema: { type: "object" },
  safeToRepeat: "read-only"
})
/** A tool that answers, and one whose calls are lost and sent once more. */
const ownTools = McpManager.make({
  tools: Effect.succeed(["echo", "lost"].map(definition)),
  servers: Effect.succeed([]),
  call: (name) =>
    name === "echo"
      ? Effect.succeed({ isError: false, content: [text("our own echo")] })
      : Effect.fail(new ToolError({ tool: name, reason: "Lost", problem: "the connection closed" }))
})
const slot = { input: {}, timeoutMillis: 1000, onFailure: "note" as const }

/** One of each kind, none of which depends on the program. */
const independent: Managers = Layer.mergeAll(
  ModelsManager.layerMemory,
  Layer.succeed(McpManager, ownTools),
  PromptManager.layerMemory({ instructions: "our own prompt" }),
  Files.layerMemory([{ path: "own.md", text: "our own file" }]),
  Layer.succeed(DynamicContextManager, {
    slots: Effect.succeed([
      { ...slot, id: "own", tool: "echo" },
      { ...slot, id: "lossy", tool: "lost" }
    ])
  })
)

const run = (program: Programs.Program, options: ProgramRunner.ProgramOptions) =>
  ProgramRunner.run(program, engine, limits, options).pipe(Effect.provide(SessionManager.layerMemory, { local: true }))

describe("programs with managers of the user", () => {
  for (const [name, options] of [
    ["that pass on what is scripted are predicted", { managers: passing }],
    ["that do not depend on the script keep every invariant", { managers: independent, predictable: false }]
  ] as const)
    it.effect.prop(
      name,
      [Programs.arbitrary],
      ([program]) =>
        Effect.map(run(program, options), ({ findings, violations }) => {
          assert.deepStrictEqual(violations, [], violations.join("; "))
          assert.deepStrictEqual(findings.unchecked, [])
        }),
      { arbitrary: { runs: 80 } }
    )

  it.effect("use the user's managers", () =>
    Effect.gen(function* () {
      const script = { turns: [], fails: "none", ending: "answer" } as const
      const program: Programs.Program = [
        { command: { _tag: "Message", session: 0, writer: 0, script, edits: false }, go: "rest" }
      ]
      const asked: Array<string> = []
      const watch = changeModels(({ stream }) => ({
        stream: (request) => {
          asked.push(JSON.stringify(request))
          return stream(request)
        }
      }))
      const managers: Managers = Layer.provideMerge(watch, independent)
      const { calls, requests } = yield* run(program, { managers, predictable: false })
      assert.deepStrictEqual([requests, asked.length, calls], [5, 5, 15])
      for (const own of ["our own prompt", "our own file", "our own echo", "message 1"]) assert.include(asked[0], own)
    })
  )

  const bugs: ReadonlyArray<readonly [bug: string, managers: Managers, reports: RegExp]> = [
    [
      "emits after `Finish`",
      changeModels(({ stream }) => ({
        stream: (request) => Stream.concat(stream(request), Stream.make({ _tag: "TextDelta", index: 0, text: "!" }))
      })),
      /51 model-equivalence: [^;]*: turn r1t1 is \["TurnFailed"/
    ],
    [
      "answers a call with the result of an earlier one",
      changeTools(({ call }) => {
        let first: ReturnType<typeof call> | undefined
        return {
          call: (name, input, context) => {
            if (name !== "echo") return call(name, input, context)
            first ??= call(name, input, context)
            return first
          }
        }
      }),
      /51 model-equivalence: message \d+: call r\d+t\d+c\d+ is .*expected/
    ],
    [
      "puts a date into the prompt",
      PromptManager.layerMemory({ instructions: "Today is 2026-01-02." }),
      /28 nothing volatile: the system prompt of turn r1t1 holds a date/
    ],
    [
      "returns another result than its tool",
      changeTools(({ call }) => ({
        call: (name, input, context) =>
          Effect.andThen(call(name, input, context), Effect.succeed({ isError: false, content: [text("other")] }))
      })),
      /51 model-equivalence/
    ]
  ]
  for (const [bug, managers, reports] of bugs)
    it.effect(`find a manager that ${bug}`, () =>
      Effect.gen(function* () {
        const holds = (program: Programs.Program) =>
          Effect.flatMap(
            run(program, { managers }).pipe(Effect.provide(TestClock.layer(), { local: true })),
            ({ violations }) => (violations.length === 0 ? Effect.succeed(true) : Effect.fail(violations.join("; ")))
          )
        const result = yield* Arbitrary.checkEffect(Programs.arbitrary, holds, { runs: 300, seed: 1, maxShrinks: 0 })
        assert.match(
          result._tag === "Falsified" && result.failure._tag === "PropertyError" ? result.failure.error : result._tag,
          reports
        )
      })
    )
})
