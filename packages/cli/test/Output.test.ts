import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { place } from "./support/Cli.ts"

it.live("text, notes and asides cannot control the terminal, and go to the right streams", () =>
  Effect.gen(function* () {
    const here = yield* place
    const name = "a\u001b[2J.md"
    here.write(name, "x")
    const added = yield* here.run(["files", "add", name])
    assert.deepStrictEqual([added.code, added.stdout], [0, ""], added.stderr)
    assert.match(added.stderr, /^Included in .*: a␛\[2J\.md\n$/)
    const listed = yield* here.run(["files", "list"])
    assert.match(listed.stdout, /a␛\[2J\.md/)
    const run = yield* here.run(["run", "-m", "demo/demo", `what is in "${name}"?`])
    assert.notInclude(added.stderr + listed.stdout + run.stdout + run.stderr, "\u001b")
  })
)
