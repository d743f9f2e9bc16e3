import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Reach from "../src/trust/WorkspaceReach.ts"

const place = Effect.acquireRelease(
  Effect.sync(() => {
    const top = realpathSync(mkdtempSync(join(tmpdir(), "parley-reach-")))
    const [root, outside] = [join(top, "ws"), join(top, "outside")]
    mkdirSync(join(root, "sub"), { recursive: true })
    mkdirSync(outside)
    return { top, root, outside }
  }),
  ({ top }) => Effect.sync(() => rmSync(top, { recursive: true, force: true }))
)

it.effect("words above the limits count as leading into the workspace, words at the limits are checked", () =>
  Effect.gen(function* () {
    const { outside, root } = yield* place
    const reaches = (...words: ReadonlyArray<string>) => Reach.reaches(root, outside, words)
    const harmless = (count: number) => Array.from({ length: count }, () => "x")
    assert.isFalse(reaches(...harmless(200)))
    assert.isTrue(reaches(...harmless(201)))
    assert.isFalse(reaches(harmless(64).join(",")))
    assert.isTrue(reaches(harmless(65).join(",")))
    assert.isTrue(reaches("x".repeat(4097)))
    assert.isTrue(reaches(...harmless(199), `--config=${root}/x`))
  })
)

it.effect("a path into the workspace is found after a separator, after an option's letter, or encoded", () =>
  Effect.gen(function* () {
    const { outside, root } = yield* place
    const reaches = (word: string) => Reach.reaches(root, outside, [word])
    for (const word of [`-c${root}/x`, `--c=${root}`, `a:${root}`, `file://${root.replace("ws", "%77s")}`, "-x../ws/y"])
      assert.isTrue(reaches(word), word)
    for (const word of ["x", "-x", "--flag=value", "../other", "a@1.0", "%zz"]) assert.isFalse(reaches(word), word)
  })
)

it.effect("named files are found with extensions and in package directories, as are files that decide what runs", () =>
  Effect.gen(function* () {
    const { root } = yield* place
    const sub = join(root, "sub")
    mkdirSync(join(root, "node_modules/.bin"), { recursive: true })
    for (const name of ["server.py", "node_modules/.bin/tool", "package.json", "sub/package.json", ".npmrc"])
      writeFileSync(join(root, name), "")
    assert.deepStrictEqual(Reach.named(root, root, ["server", "tool", "none", ".", "tool@1.2"]), [
      { word: "server", files: ["server.py"] },
      { word: "tool", files: ["node_modules/.bin/tool"] },
      { word: "tool@1.2", files: ["node_modules/.bin/tool"] }
    ])
    assert.deepStrictEqual(Reach.readFrom(root, sub, "npx"), ["sub/package.json", ".npmrc"])
    assert.deepStrictEqual(Reach.readFrom(root, sub, "npxx"), [])
  })
)
