import { readFile } from "node:fs/promises"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"

it.effect("the README's example is the file that the checks compile", () =>
  Effect.promise(() =>
    Promise.all([
      readFile(new URL("../../README.md", import.meta.url), "utf8"),
      readFile(new URL("../compose.ts", import.meta.url), "utf8")
    ])
  ).pipe(
    Effect.map(([readme, example]) => {
      const fences = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code)
      assert.deepStrictEqual(fences, [example])
    })
  )
)
