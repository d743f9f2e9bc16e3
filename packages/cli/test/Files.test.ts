import { SessionContext } from "@parley/domain/SessionContext"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { place } from "./support/Cli.ts"

const decode = Schema.decodeEffect(Schema.fromJsonString(SessionContext))

it.live("files are included, deactivated, activated and removed, and files that are left out have a reason", () =>
  Effect.gen(function* () {
    const here = yield* place
    here.write("a.md", "alpha")
    here.write("docs/b.md", "beta")
    here.write(".parley/context.json", '{\n  // mine\n  "include": ["a.md"]\n}\n')
    const run = (...args: ReadonlyArray<string>) => here.run(["files", ...args])
    const shown = Effect.gen(function* () {
      const { files } = yield* decode((yield* here.run(["context", "-f", "json"])).stdout)
      return files.map(({ path }) => path)
    })
    assert.strictEqual((yield* run("add", "docs/*.md", "a.md")).code, 0)
    assert.deepStrictEqual(yield* shown, ["a.md", "docs/b.md"])

    assert.strictEqual((yield* run("deactivate", "docs/b.md")).code, 0)
    assert.deepStrictEqual(yield* shown, ["a.md"])
    const listed = (yield* run("list")).stdout
    assert.match(listed, /2 tokens {2}a\.md: named in/)
    assert.match(listed, /docs\/b\.md: switched off; `parley files activate` switches it on/)
    const why = (yield* here.run(["context", "--why", "docs/b.md"])).stdout
    assert.include(why, "docs/b.md is not in the context: it is switched off")

    assert.strictEqual((yield* run("activate", "docs/b.md")).code, 0)
    assert.deepStrictEqual(yield* shown, ["a.md", "docs/b.md"])
    assert.strictEqual((yield* run("remove", "a.md")).code, 0)
    assert.deepStrictEqual(yield* shown, ["docs/b.md"])
    assert.include(readFileSync(join(here.workspace, ".parley/context.json"), "utf8"), "// mine")

    for (const [args, words] of [
      [["activate", "a.md"], /inactive of .* does not contain "a\.md"/],
      [["remove", "nope.md"], /include of .* does not contain "nope\.md"/],
      [["add", "../x"], /"\.\.\/x": leads out of the workspace/]
    ] as const) {
      const ended = yield* run(...args)
      assert.strictEqual(ended.code, 2, ended.stderr)
      assert.match(ended.stderr, words)
    }
  })
)
