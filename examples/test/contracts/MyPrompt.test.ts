import { PromptManager } from "@parley/domain/PromptManager"
import * as PromptManagerContract from "@parley/testing/PromptManagerContract"

PromptManagerContract.suite("my prompt", {
  layer: PromptManager.layerMemory({ instructions: "Be brief.", rules: ["Ask before you delete."] })
})
