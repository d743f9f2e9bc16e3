import { assert, describe, it } from "@effect/vitest"
import type { ToolDefinition } from "@parley/domain/Tool"
import { Effect, Schema } from "effect"
import { join } from "node:path"
import { checkInput } from "../src/tools/SchemaCheck.ts"
import { pinAll } from "../src/tools/ToolPins.ts"
import { ownInput } from "../src/tools/PropertyNames.ts"
import { readTools } from "../src/tools/ToolList.ts"
import { asSeen } from "../src/text/HiddenText.ts"
import { problemsOf } from "./judge.ts"
import { oddSchemas } from "./odd-schemas.ts"
import { context, directory, oddServer, readLog, withManager } from "./support.ts"

const encode = Schema.encodeUnknownSync(Schema.fromJsonString(Schema.Unknown))
const read = (inputSchema: unknown) => readTools("s", [{ name: "t", inputSchema }])
const shown = (inputSchema: unknown): ToolDefinition["inputSchema"] | undefined =>
  read(inputSchema).tools[0]?.inputSchema
const one = (schema: unknown) => ({ type: "object", properties: { a: schema } })

describe("a schema of an older draft is translated", () => {
  const cases: ReadonlyArray<readonly [string, unknown, unknown]> = [
    ["an exclusive minimum", one({ minimum: 0, exclusiveMinimum: true }), one({ exclusiveMinimum: 0 })],
    ["an exclusive maximum", one({ exclusiveMaximum: true, maximum: 9 }), one({ exclusiveMaximum: 9 })],
    ["bounds that are not exclusive", one({ minimum: 0, exclusiveMinimum: false }), one({ minimum: 0 })],
    ["an exclusive bound without a bound", one({ exclusiveMinimum: true }), one({})],
    ["an id", { ...one({ id: "#a" }), id: "http://example.org/x" }, one({ $anchor: "a" })],
    ["an $id", { ...one({ $id: "item.json", type: "string" }), $id: "http://example.org/x" }, one({ type: "string" })],
    [
      "a tuple",
      one({ items: [{ type: "string" }, { minimum: 1, exclusiveMinimum: true }], additionalItems: false }),
      one({ prefixItems: [{ type: "string" }, { exclusiveMinimum: 1 }], items: false })
    ],
    ["an empty tuple", one({ items: [], additionalItems: { type: "string" } }), one({ items: { type: "string" } })],
    [
      "dependencies",
      { ...one({}), dependencies: { a: ["b"], c: { required: ["d"] }, e: "f" } },
      {
        ...one({}),
        dependentRequired: { a: ["b"], e: ["f"] },
        dependentSchemas: { c: { required: ["d"] } }
      }
    ],
    [
      "required in the schema of a property",
      { type: "object", properties: { a: { type: "string", required: true }, b: { required: false } } },
      { type: "object", properties: { a: { type: "string" }, b: {} }, required: ["a"] }
    ],
    [
      "both forms of required",
      { ...one({ required: true }), required: ["b", "b", null] },
      { ...one({}), required: ["b", "a"] }
    ],
    ["any type", one({ type: "any" }), one({})],
    [
      "nullable with a type",
      one({ type: "string", nullable: true, enum: ["x"] }),
      one({ type: ["string", "null"], enum: ["x", null] })
    ],
    ["nullable alone", one({ nullable: true }), one({})],
    ["a recursive reference", { ...one({ $recursiveRef: "#" }), $recursiveAnchor: true }, one({ $ref: "#" })],
    [
      "references to a schema that has moved",
      {
        ...one({ items: [{ type: "string" }] }),
        properties: { a: { items: [{ type: "string" }] }, "b/c": { $ref: "#/properties/a/items/0" } }
      },
      {
        type: "object",
        properties: { a: { prefixItems: [{ type: "string" }] }, b_c: { $ref: "#/properties/a/prefixItems/0" } }
      }
    ],
    [
      "references to a renamed property",
      { type: "object", properties: { $a: { type: "string" }, b: { $ref: "#/properties/%24a" } } },
      { type: "object", properties: { a: { type: "string" }, b: { $ref: "#/properties/a" } } }
    ],
    [
      "a schema that only a reference marks as one",
      {
        ...one({ $ref: "#/components/schemas/X" }),
        components: { schemas: { X: { minimum: 1, exclusiveMinimum: true } } }
      },
      { ...one({ $ref: "#/components/schemas/X" }), components: { schemas: { X: { exclusiveMinimum: 1 } } } }
    ],
    [
      "the declaration of a draft",
      { $schema: "http://json-schema.org/draft-04/schema#", ...one({ id: "x" }) },
      one({})
    ],
    [
      "null for keywords",
      {
        type: "object",
        properties: null,
        required: null,
        description: null,
        additionalProperties: null,
        anyOf: null,
        $defs: null
      },
      { type: "object" }
    ],
    [
      "null within keywords",
      one({ type: null, enum: null, items: null, properties: { b: null } }),
      one({ properties: { b: {} } })
    ],
    ["no schema", null, { type: "object", properties: {} }],
    ["no type", { properties: { a: {} } }, { properties: { a: {} }, type: "object" }],
    ["null for a type", { type: null }, { type: "object" }],
    [
      "malformed restrictions and descriptions",
      one({ minLength: -1, enum: [], multipleOf: 0, title: 7, format: {}, pattern: "[\\w-.]" }),
      one({})
    ]
  ]
  for (const [name, from, to] of cases)
    it(name, () => {
      assert.deepStrictEqual<unknown>(shown(from), to)
      assert.deepStrictEqual(problemsOf(read(from).tools), [])
    })

  it("and one that needs no translation is unchanged", () => {
    const schema = {
      $schema: "http://json-schema.org/draft-07/schema#",
      required: ["a"],
      ...one({ type: "string", const: null })
    }
    assert.strictEqual(encode(shown(schema)), encode(schema))
    assert.isUndefined(read(schema).tools[0]?.written)
  })

  it("and one that cannot be translated excludes only its tool, with the reason", () => {
    const bad: ReadonlyArray<readonly [unknown, RegExp]> = [
      [one("string"), /under properties that is no schema/],
      [{ type: "object", properties: [] }, /under properties that is no object/],
      [one({ anyOf: { type: "string" } }), /under anyOf that is no list/],
      [one({ items: "string" }), /under items that is no schema/],
      [{ ...one({ $anchor: "x" }), $defs: { b: { $anchor: "x" } } }, /two parts called x/],
      [one({ $ref: "#/properties" }), /a reference to what is no schema/],
      [{ ...one({ $ref: "#/anyOf/0" }), anyOf: [{ type: "object" }] }, /leads nowhere/]
    ]
    for (const [inputSchema, why] of bad) {
      const { leftOut, tools } = readTools("s", [
        { name: "bad", inputSchema },
        { name: "good", inputSchema: one({}) }
      ])
      assert.deepStrictEqual(
        tools.map(({ tool }) => tool),
        ["good"]
      )
      assert.match(leftOut[0]?.why ?? "", why)
    }
  })
})

describe("property names that a provider rejects", () => {
  const names = (...own: ReadonlyArray<string>) =>
    Object.keys(
      shown({ type: "object", properties: Object.fromEntries(own.map((name) => [name, {}])) })?.["properties"] ?? {}
    )

  it("are shown as legal and distinct names", () => {
    assert.deepStrictEqual(names("$filter", "page[size]", "größe", "ok"), ["filter", "page_size", "gro_e", "ok"])
    const alike = names("$a", "a", "@a", "😀", "語", "", "k".repeat(70), "k".repeat(71))
    assert.strictEqual(new Set(alike).size, 8)
    assert.strictEqual(alike[1], "a")
    assert.match(alike[0] ?? "", /^a_[0-9a-f]{12}$/)
    assert.deepStrictEqual(names("@a", "a", "$a").toSorted(), names("a", "$a", "@a").toSorted())
  })

  it("are renamed in every keyword that refers to them", () => {
    assert.deepStrictEqual<unknown>(
      shown({
        type: "object",
        properties: { $a: {}, b: { properties: { $a: {} }, required: ["$a"] } },
        required: ["$a", "b"],
        dependentRequired: { $a: ["b"], b: ["$a"] },
        if: { properties: { $a: { const: 1 } }, required: ["$a"] }
      }),
      {
        type: "object",
        properties: { a: {}, b: { properties: { $a: {} }, required: ["$a"] } },
        required: ["a", "b"],
        dependentRequired: { a: ["b"], b: ["a"] },
        if: { properties: { a: { const: 1 } }, required: ["a"] }
      }
    )
  })

  it("do not change the pinned definition", () => {
    const inputSchema = { type: "object", properties: { $a: { minimum: 0, exclusiveMinimum: true } } }
    assert.deepStrictEqual<unknown>(pinAll(read(inputSchema).tools)["t"]?.definition, { description: "", inputSchema })
  })

  it.live("are sent to the server under its own names, in its headers as well", () =>
    Effect.gen(function* () {
      const log = join(yield* directory, "log")
      const inputSchema = {
        type: "object",
        properties: {
          $filter: { type: "string" },
          "page[size]": { type: "integer", minimum: 0, exclusiveMinimum: true }
        },
        required: ["$filter"]
      }
      const tools = [{ name: "list", description: null, annotations: null, inputSchema }]
      yield* withManager({ servers: { s: oddServer(log, encode(tools)) } }, (mcp) =>
        Effect.gen(function* () {
          const [tool] = yield* mcp.tools
          assert.deepStrictEqual<unknown>(tool, {
            name: "s__list",
            server: "s",
            tool: "list",
            description: "",
            inputSchema: {
              type: "object",
              properties: { filter: { type: "string" }, page_size: { type: "integer", exclusiveMinimum: 0 } },
              required: ["filter"]
            }
          })
          const call = (input: { readonly [key: string]: Schema.Json }) => mcp.call("s__list", input, context)
          yield* call({ filter: "x", page_size: 3 })
          const refused = yield* Effect.flip(call({ filter: "x", page_size: 0 }))
          assert.strictEqual(refused.reason, "NotSent")
          assert.strictEqual((yield* Effect.flip(call({ page_size: 3 }))).reason, "NotSent")
        })
      )
      const calls = (yield* readLog(log)).flatMap((entry) => ("call" in entry ? [entry["call"]] : []))
      assert.deepStrictEqual<unknown>(calls, [{ $filter: "x", "page[size]": 3 }])
    })
  )
})

describe("any tool of a server", () => {
  const runs = 400
  it(`a strict provider takes what is passed on of it, and names lead back (seeds 1 to ${runs})`, () => {
    let offered = 0
    for (let seed = 1; seed <= runs; seed++) {
      const schemas = oddSchemas(seed)
      const { leftOut, tools } = readTools("s", [
        ...schemas.map((inputSchema, index) => ({ name: `t${index}`, inputSchema })),
        { name: "fine", inputSchema: one({ type: "string" }) }
      ])
      assert.strictEqual(tools.length + leftOut.length, schemas.length + 1, `seed ${seed}`)
      assert.strictEqual(tools.at(-1)?.tool, "fine", `seed ${seed}`)
      offered += tools.length - 1
      const sent = tools.flatMap((tool) => asSeen(tool) ?? [])
      assert.deepStrictEqual(problemsOf(sent), [], `seed ${seed}: ${encode(schemas)}`)
      for (const { inputSchema, written } of tools) {
        const names = Object.keys(inputSchema["properties"] ?? {})
        const own = Object.keys(written?.schema["properties"] ?? inputSchema["properties"] ?? {})
        const input = Object.fromEntries(names.map((name, index) => [name, index]))
        assert.deepStrictEqual(Object.keys(ownInput(written?.names, input)).toSorted(), own.toSorted(), `seed ${seed}`)
      }
    }
    // The property would be trivial if most tools were left out.
    assert.isAbove(offered, runs)
  })

  it.effect("has its input checked by the server's own limits", () =>
    Effect.gen(function* () {
      const [tool] = read(one({ type: "integer", minimum: 0, exclusiveMinimum: true })).tools
      assert.isDefined(tool)
      assert.isUndefined(yield* checkInput(tool, { a: 1 }))
      assert.isDefined(yield* checkInput(tool, { a: 0 }))
    })
  )
})
