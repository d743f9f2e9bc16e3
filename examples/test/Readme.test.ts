import { readdir, readFile } from "node:fs/promises"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"

const root = new URL("../../", import.meta.url)
const read = (path: string) => Effect.promise(() => readFile(new URL(path, root), "utf8"))
const list = (path: string) => Effect.promise(() => readdir(new URL(path, root)))
const fences = (page: string) => [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = ""]) => code)

it.effect("the README's example is the file that the checks compile", () =>
  Effect.gen(function* () {
    assert.deepStrictEqual(fences(yield* read("README.md")), [yield* read("examples/compose.ts")])
  })
)

it.effect("the guide's code is part of files that the checks compile", () =>
  Effect.gen(function* () {
    const files = (yield* list("examples")).filter((name) => name.endsWith(".ts"))
    const examples = (yield* Effect.forEach(files, (name) => read(`examples/${name}`))).join("\n")
    const pages = yield* Effect.forEach(yield* list("docs/guide"), (name) => read(`docs/guide/${name}`))
    const found = pages.flatMap(fences)
    assert.isAtLeast(found.length, 4)
    for (const code of found) assert.include(examples, code)
  })
)

it.effect("the code of the testing package's README is files that the checks compile and run", () =>
  Effect.gen(function* () {
    const files = yield* list("examples/test/contracts")
    const examples = yield* Effect.forEach(files, (name) => read(`examples/test/contracts/${name}`))
    assert.sameMembers(fences(yield* read("packages/testing/README.md")), examples)
    const suites = examples.filter((code) => code.includes("Contract.suite("))
    assert.strictEqual(suites.length, 6)
    for (const code of suites) assert.isAtMost(code.trimEnd().split("\n").length, 10, code)
  })
)
