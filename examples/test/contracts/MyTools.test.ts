import { textOf } from "@parley/domain/Content"
import { McpManager } from "@parley/domain/McpManager"
import * as McpManagerContract from "@parley/testing/McpManagerContract"

const holds: McpManagerContract.ToolCase["holds"] = ({ n }, { content }) => textOf(content) === `${2 * Number(n)}`
McpManagerContract.suite("my tools", {
  layer: McpManager.layerMemory({ double: ({ n }) => `${2 * Number(n)}` }),
  tools: [{ tool: "double", inputs: [{ n: 1 }, { n: 2 }], holds }]
})
