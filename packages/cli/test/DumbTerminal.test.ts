import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { configured } from "./support/Caller.ts"
import { place } from "./support/Cli.ts"
import { terminal } from "./support/Terminal.ts"

describe("where a person is there, and what the terminal can do", () => {
  it.live("a terminal that cannot move its cursor is sent nothing that would", () =>
    Effect.gen(function* () {
      const here = yield* place
      yield* configured(here)
      const { ended, shows, type } = yield* terminal(here, ["chat"], (command) => `TERM=dumb exec ${command}`)
      yield* shows(/> [^\n]*$/)
      yield* type("hello\n")
      yield* shows(/The model says so\.[^]*> [^\n]*$/)
      yield* type("/exit\n")
      const { code, output } = yield* ended
      assert.strictEqual(code, 0)
      assert.notInclude(output, "\u001b")
    })
  )

  it.live("no question is asked where it would be written to a file", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.write(".parley/mcp.json", '{ "mcpServers": { "a": { "url": "http://127.0.0.1:1/mcp" } } }')
      const errors = join(here.home, "errors")
      const running = yield* terminal(here, ["mcp", "trust"], (command) => `exec ${command} 2>${errors}`)
      const { code } = yield* running.ended
      assert.strictEqual(code, 2)
      assert.notInclude(readFileSync(errors, "utf8"), "trust exactly this?")
    })
  )
})
