import { assert, it } from "@effect/vitest"
import { parameterHeaders } from "../src/internal/ParameterHeaders.ts"

const schema = {
  type: "object",
  properties: {
    region: { type: "string", "x-mcp-header": "Region" },
    count: { type: "integer", "x-mcp-header": "Count" },
    plain: { type: "string" },
    toString: { type: "string", "x-mcp-header": "Inherited" },
    query: { type: "object", properties: { exact: { type: "boolean", "x-mcp-header": "Exact" } } },
    list: { type: "array", items: { properties: { deep: { type: "string", "x-mcp-header": "Deep" } } } }
  }
}

it("arguments are repeated in the headers that the schema declares for them, and nothing else is", () => {
  assert.deepStrictEqual(
    parameterHeaders(schema, { region: "eu", count: 3, plain: "x", query: { exact: true }, list: [{ deep: "x" }] }),
    { "Mcp-Param-Region": "eu", "Mcp-Param-Count": "3", "Mcp-Param-Exact": "true" }
  )
  assert.deepStrictEqual(parameterHeaders(schema, { region: null, count: 1.5, query: "exact" }), {})
})

it("text that no header can carry is wrapped, and so is what looks as if it were", () => {
  const region = (text: string) => parameterHeaders(schema, { region: text })["Mcp-Param-Region"]
  assert.strictEqual(region("a\r\nX-Evil: 1"), "=?base64?YQ0KWC1FdmlsOiAx?=")
  assert.strictEqual(region(" a"), "=?base64?IGE=?=")
  assert.strictEqual(region("=?base64?YQ==?="), "=?base64?PT9iYXNlNjQ/WVE9PT89?=")
  assert.strictEqual(region("a b"), "a b")
})
