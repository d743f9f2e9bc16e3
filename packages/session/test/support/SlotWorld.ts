import { DynamicContextManager, type DynamicSlot } from "@parley/domain/DynamicContextManager"
import { FilesManager } from "@parley/domain/FilesManager"
import { McpManager } from "@parley/domain/McpManager"
import { InvalidRequest, Unauthorized } from "@parley/domain/ModelError"
import { ModelsManager, type ModelRequest } from "@parley/domain/ModelsManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import { empty } from "@parley/domain/SystemPrompt"
import { Chunks, ScriptedModel } from "@parley/testing"
import { Effect, Layer, Stream } from "effect"
import { SlotOracle, valueOf } from "./SlotOracle.ts"
import type { Declared, Program, SlotId } from "./SlotPrograms.ts"

const slotOf = (id: SlotId, { onFailure, refresh, short, tool, version }: Declared): DynamicSlot => ({
  id,
  tool,
  input: { id, version },
  timeoutMillis: 1000,
  onFailure,
  ...(refresh === "default" ? {} : { refresh }),
  ...(short ? { maxTokens: 3 } : {})
})

const definition = (name: string) => ({
  name,
  server: "scripted",
  tool: name,
  description: name,
  inputSchema: { type: "object" }
})

/** Everything around the coordinators of one program, and what was seen of them. */
export class SlotWorld {
  readonly oracle: SlotOracle
  prompt = 1
  model: "answers" | "rejects" | "fails" = "answers"
  asked: Array<string> = []
  readonly requests: Array<ModelRequest> = []

  constructor(program: Program) {
    this.oracle = new SlotOracle(program)
  }

  private answer(): ScriptedModel.Turn {
    if (this.model === "answers") return ScriptedModel.turn(Chunks.text(0, "Done."), [Chunks.finish()])
    const detail = "scripted"
    return ScriptedModel.failing(
      this.model === "rejects" ? new InvalidRequest({ detail }) : new Unauthorized({ detail })
    )
  }

  readonly layer = Layer.mergeAll(
    SessionManager.layerMemory,
    Layer.succeed(PromptManager, {
      prompt: Effect.sync(() => ({ ...empty, instructions: `prompt ${this.prompt}` }))
    }),
    Layer.succeed(ModelsManager, {
      models: Effect.succeed([]),
      preferred: Effect.succeed(ScriptedModel.ref),
      describe: (ref) => Effect.succeed({ ref, description: "Plays a program" }),
      stream: (request) =>
        Stream.suspend(() => {
          this.requests.push(request)
          return this.answer()
        })
    }),
    Layer.succeed(
      McpManager,
      McpManager.make({
        tools: Effect.succeed(["ask", "other"].map(definition)),
        servers: Effect.succeed([]),
        call: (name, input) =>
          Effect.sync(() => {
            const { declared, values } = this.oracle
            const [id, slot] = [...declared].find(([id]) => id === input["id"]) ?? []
            this.asked.push(id ?? "nobody")
            const value = (id === undefined ? undefined : values.get(id)) ?? "one"
            const says = slot === undefined ? "nobody declared this" : valueOf(value, slot)
            const right = slot?.tool === name && slot.version === input["version"]
            return { isError: value === "fails" || !right, content: [{ _tag: "Text", text: says }] }
          })
      })
    ),
    Layer.succeed(FilesManager, {
      read: Effect.sync(() => ({ files: [{ path: "a.md", text: `files ${this.oracle.files}` }], skipped: [] }))
    }),
    Layer.succeed(DynamicContextManager, {
      slots: Effect.sync(() => [...this.oracle.declared].map(([id, declared]) => slotOf(id, declared)))
    })
  )
}
