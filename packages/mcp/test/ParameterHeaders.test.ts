import { assert, describe, it } from "@effect/vitest"
import { parameterHeaders } from "../src/transport/ParameterHeaders.ts"

const shown = (type: string, header: string) => ({ type, "x-mcp-header": header })
const schema = {
  type: "object",
  properties: {
    region: shown("string", "Region"),
    priority: shown("integer", "Priority"),
    on: shown("boolean", "On"),
    plain: { type: "string" },
    inner: { type: "object", properties: { deep: shown("string", "Deep") } }
  }
}
const encoded = (text: string) => `=?base64?${Buffer.from(text).toString("base64")}?=`

describe("headers that repeat parts of an input", () => {
  it("are those that the schema declares, at any depth of the input", () => {
    const input = { region: "us west", priority: 42, on: false, plain: "p", inner: { deep: "d" }, other: "o" }
    assert.deepStrictEqual(parameterHeaders(schema, input), {
      "Mcp-Param-Region": "us west",
      "Mcp-Param-Priority": "42",
      "Mcp-Param-On": "false",
      "Mcp-Param-Deep": "d"
    })
  })

  it("leave out values that are absent, null or not representable in a header", () => {
    const input = { region: null, priority: 1.5, on: ["x"], inner: "text" }
    assert.deepStrictEqual(parameterHeaders(schema, input), {})
    assert.deepStrictEqual(parameterHeaders({ type: "object" }, { region: "x" }), {})
  })

  it("use base64 for values that a header cannot contain, or that look like base64", () => {
    for (const text of ["Hello, 世界", " padded", "padded ", "two\nlines", "a\r\nX-Evil: 1", "\ttab", encoded("x")])
      assert.deepStrictEqual(parameterHeaders(schema, { region: text }), { "Mcp-Param-Region": encoded(text) })
    assert.deepStrictEqual(parameterHeaders(schema, { region: "" }), { "Mcp-Param-Region": "" })
  })
})
