import { assert, it } from "@effect/vitest"
import { once } from "../src/request/Once.ts"

it("a memoized function is called once for each object", () => {
  const seen: Array<string> = []
  const nameOf = once(({ name }: { readonly name: string }) => {
    seen.push(name)
    return name
  })
  const [a, b] = [{ name: "a" }, { name: "b" }]
  assert.deepStrictEqual([a, b, a, b].map(nameOf), ["a", "b", "a", "b"])
  assert.deepStrictEqual(seen, ["a", "b"])
})
