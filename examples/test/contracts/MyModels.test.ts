import { text } from "@parley/domain/Content"
import { ModelsManager } from "@parley/domain/ModelsManager"
import * as ModelsManagerContract from "@parley/testing/ModelsManagerContract"

const model = { provider: "memory", model: "echo" }
const messages = [{ role: "user" as const, content: [text("Say something.")] }]
ModelsManagerContract.suite("my models", {
  layer: ModelsManager.layerMemory,
  request: { model, system: "", tools: [], messages }
})
