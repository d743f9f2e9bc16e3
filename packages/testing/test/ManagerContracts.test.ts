// Our own managers in memory and from scripts keep their contracts.
import { BudgetLedger } from "@parley/domain/BudgetLedger"
import { text, textOf } from "@parley/domain/Content"
import * as DynamicContextManager from "@parley/domain/DynamicContextManager"
import * as FilesManager from "@parley/domain/FilesManager"
import { McpManager, type ToolInput } from "@parley/domain/McpManager"
import { ModelsManager } from "@parley/domain/ModelsManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { Layer, Schema } from "effect"
import * as DynamicContextManagerContract from "../src/contract/DynamicContextManagerContract.ts"
import * as FilesManagerContract from "../src/contract/FilesManagerContract.ts"
import * as McpManagerContract from "../src/contract/McpManagerContract.ts"
import * as ModelsManagerContract from "../src/contract/ModelsManagerContract.ts"
import * as BudgetLedgerContract from "../src/contract/BudgetLedgerContract.ts"
import * as PromptManagerContract from "../src/contract/PromptManagerContract.ts"
import * as Chunks from "../src/parts/Chunks.ts"
import * as ScriptedModel from "../src/scripted/ScriptedModel.ts"
import * as ScriptedTools from "../src/scripted/ScriptedTools.ts"

const json = Schema.encodeSync(Schema.fromJsonString(Schema.Unknown))
const echo = (tool: string): McpManagerContract.ToolCase => ({
  tool,
  inputs: [{ n: 1 }, { n: 2 }, { words: ["a", "b"] }],
  holds: (input, { content }) => textOf(content) === json(input)
})
const messages = [{ role: "user" as const, content: [text("go")] }]
const slot = { input: {}, timeoutMillis: 1000, onFailure: "note" as const }

McpManagerContract.suite("McpManager.layerMemory", {
  layer: McpManager.layerMemory({ echo: (input: ToolInput) => json(input), other: json }),
  tools: [echo("echo"), echo("other")]
})
McpManagerContract.suite("ScriptedTools", {
  layer: ScriptedTools.layer({ slow: ScriptedTools.steps(20, ScriptedTools.echo), echo: ScriptedTools.echo }),
  tools: [echo("echo"), echo("slow")]
})
ModelsManagerContract.suite("ModelsManager.layerMemory", {
  layer: ModelsManager.layerMemory,
  request: { model: { provider: "memory", model: "echo" }, system: "", tools: [], messages }
})
const reads = [
  Chunks.thinking(0, "hm"),
  Chunks.text(1, "a", "b"),
  Chunks.call(2, "echo"),
  [Chunks.finish("tool-calls")]
]
ModelsManagerContract.suite("ScriptedModel", {
  layer: ScriptedModel.layer(Array.from({ length: 3 }, () => ScriptedModel.turn(...reads))),
  request: { model: ScriptedModel.ref, system: "", tools: [], messages }
})
FilesManagerContract.suite("FilesManager.layerMemory", {
  layer: FilesManager.layerMemory([
    { path: "b.md", text: "two" },
    { path: "a.md", text: "one" }
  ])
})
FilesManagerContract.suite("no files", { layer: Layer.empty })
BudgetLedgerContract.suite("BudgetLedger.layerMemory", { layer: BudgetLedger.layerMemory })

PromptManagerContract.suite("PromptManager.layerMemory", {
  layer: PromptManager.layerMemory({ instructions: "Be brief.", rules: ["Ask first."] })
})
DynamicContextManagerContract.suite("DynamicContextManager.layerMemory", {
  layer: DynamicContextManager.layerMemory([
    { ...slot, id: "b", tool: "echo" },
    { ...slot, id: "a", tool: "other" }
  ]),
  tools: ["echo", "other"]
})
DynamicContextManagerContract.suite("no slots", { layer: Layer.empty })
