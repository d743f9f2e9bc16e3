import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import * as IgnoredEntries from "../src/files/IgnoredEntries.ts"
import { put, temporary } from "./support.ts"

it.live("the entries that a walk leaves out are those that ignore files name, nearest rules first", () =>
  Effect.gen(function* () {
    const root = yield* temporary
    put(root, ".gitignore", "out/\n*.log\n")
    put(root, "a/.gitignore", "!keep.log\n")
    put(root, "out/x", "")
    const rules = IgnoredEntries.make({ root })
    const look = yield* rules.begin
    const has = (name: string) => name === ".gitignore"
    const top = yield* look.within("", has)
    assert.deepStrictEqual(
      [top("out", true), top("out", false), top("b.log", false), top("b.txt", false)],
      [true, false, true, false]
    )
    const below = yield* look.within("a", has)
    assert.deepStrictEqual([below("keep.log", false), below("b.log", false)], [false, true])
    // A look may begin anywhere. What is in an ignored directory is not ignored, because its caller has named it.
    const later = yield* Effect.flatMap(rules.begin, (look) => look.within("a/b", has))
    assert.isTrue(later("b.log", false))
    const inside = yield* Effect.flatMap(rules.begin, (look) => look.within("out/d", has))
    assert.isFalse(inside("b.log", false))
    put(root, ".gitignore", "*.txt\n")
    const again = yield* Effect.flatMap(rules.begin, (look) => look.within("", has))
    assert.deepStrictEqual([again("b.log", false), again("b.txt", false)], [false, true])
    assert.deepStrictEqual(look.unreadable(), [])
  })
)
