import { assert, it } from "@effect/vitest"
import { Option } from "effect"
import * as ModelRef from "../src/ModelRef.ts"

it("a model reference consists of a provider and a name, which may contain slashes", () => {
  assert.deepStrictEqual(ModelRef.parse("p/m"), Option.some({ provider: "p", model: "m" }))
  assert.deepStrictEqual(ModelRef.parse("local/meta/llama"), Option.some({ provider: "local", model: "meta/llama" }))
  for (const text of ["", "p", "/m", "p/", "/"]) assert.isTrue(Option.isNone(ModelRef.parse(text)), text)
  assert.strictEqual(ModelRef.format({ provider: "local", model: "meta/llama" }), "local/meta/llama")
})
