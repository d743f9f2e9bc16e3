import { text } from "@parley/domain/Content"
import * as ModelsManagerContract from "@parley/testing/ModelsManagerContract"
import * as Demo from "../src/demo/Demo.ts"
import * as Registry from "../src/registry/Registry.ts"

ModelsManagerContract.suite("Registry with the demo model", {
  layer: Registry.layer({ providers: [Demo.make()] }),
  request: {
    model: { provider: "demo", model: "demo" },
    system: "Be brief.",
    tools: [],
    messages: [{ role: "user", content: [text("hello")] }]
  },
  patience: "20 seconds"
})
