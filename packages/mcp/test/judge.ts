import { Ajv2020 } from "ajv/dist/2020.js"
import type { ToolDefinition } from "@parley/domain/Tool"

const key = /^[a-zA-Z0-9_.-]{1,64}$/
const notAtRoot = new Set(["anyOf", "oneOf", "allOf"])

const ajv = new Ajv2020({ strict: false, validateFormats: false, logger: false })

/**
 * Why a strict provider would refuse a request with these tools, if so: it wants an object at the root, names of a kind for
 * what that has, and JSON Schema 2020-12 that compiles. What our provider takes off the root is not held against a tool.
 */
export const problemsOf = (tools: ReadonlyArray<ToolDefinition>): ReadonlyArray<string> => {
  return tools.flatMap(({ inputSchema, name }) => {
    const { $schema: _draft, ...rest } = Object.fromEntries(
      Object.entries(inputSchema).filter(([key]) => !notAtRoot.has(key))
    )
    if (rest["type"] !== "object") return [`${name}: its type is not object`]
    const { properties } = rest
    const names = typeof properties === "object" && properties !== null ? Object.keys(properties) : []
    const odd = names.filter((name) => !key.test(name)).map((odd) => `${name}: property ${JSON.stringify(odd)}`)
    if (odd.length > 0) return odd
    if (ajv.validateSchema(rest) !== true) return [`${name}: ${ajv.errorsText()}`]
    try {
      ajv.compile(rest)
      return []
    } catch (error) {
      return [`${name}: ${String(error)}`]
    }
  })
}
