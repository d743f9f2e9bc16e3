import { Round } from "@parley/domain/Session"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { place } from "./support/Cli.ts"
import { terminal } from "./support/Terminal.ts"

const decode = Schema.decodeEffect(Schema.fromJsonString(Round))
const call = (stdout: string) => Effect.map(decode(stdout), ({ turns }) => turns[0]?.toolCalls[0])

describe("permissions", () => {
  it.live("a denied tool never runs, and the round continues", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.configure({ permissions: { "workspace__*": "deny" } })
      const ended = yield* here.run(["run", "List the files here", "-f", "json"])
      assert.strictEqual(ended.code, 6, ended.stderr)
      assert.include(
        ended.stderr,
        "No tool call of this round was allowed to run (workspace__list_files). To allow a tool, use --allow TOOL"
      )
      const denied = yield* call(ended.stdout)
      assert.deepStrictEqual(denied?.decision, { allowed: false, by: "rule" })
      assert.strictEqual(denied?.outcome?._tag, "Denied")
    })
  )

  it.live("without a terminal, nothing runs, and the message says what to do", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.configure({ permissions: { workspace__list_files: "ask" } })
      const ended = yield* here.run(["run", "List the files here", "-f", "json"])
      assert.strictEqual(ended.code, 6, ended.stderr)
      assert.strictEqual((yield* call(ended.stdout))?.outcome?._tag, "Denied")
      assert.include(ended.stderr, "workspace__list_files needs approval, but there is no terminal to ask on")
      assert.include(ended.stderr, "use --allow workspace__list_files, or")
    })
  )

  it.live(
    "a conversation on a terminal asks until the answer is valid: no and why, yes for one call, always for one tool",
    () =>
      Effect.gen(function* () {
        const here = yield* place
        here.configure({ permissions: { "*": "ask" } })
        const { ended, shows, type } = yield* terminal(here, ["chat"])
        const list = Effect.andThen(shows(/> [^\n]*$/), type("List the files here\r"))
        const asked = /run it\?[^\n]*$/
        yield* list
        yield* shows(asked)
        yield* type("yesterday I said yes\r")
        yield* shows(/not an answer to this question[^]*run it\?[^\n]*$/)
        yield* type("no, look at the README first\r")
        yield* shows(/✗ [^\n]*the user said no: look at the README first/)
        yield* list
        yield* shows(/README first[^]*run it\?[^\n]*$/)
        yield* type("v\r")
        yield* shows(/why: [^\n]*v\r*\n\? workspace__list_files[^]*run it\?[^\n]*$/)
        yield* type("y\r")
        yield* shows(/✓ /)
        yield* list
        yield* shows(/✓ [^]*run it\?[^\n]*$/)
        yield* type("always\r")
        yield* shows(/✓ [^]*✓ /)
        yield* list
        yield* shows(/✓ [^]*✓ [^]*✓ [^]*> [^\n]*$/)
        yield* type("/exit\r")
        assert.strictEqual((yield* ended).code, 0)
      })
  )

  it.live("lines of a pipe never answer a question", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.configure({ permissions: { "*": "ask" } })
      const ended = yield* here.run(["chat"], { input: "List the files here\ny\na\n" })
      assert.strictEqual(ended.code, 0, ended.stderr)
      const marks = ended.stderr.split("\n").filter((line) => /^[✓✗]/.test(line))
      assert.strictEqual(marks.map((line) => line.charAt(0)).join(""), "✗")
      assert.include(ended.stderr, "workspace__list_files needs approval, but there is no terminal to ask on")
    })
  )

  it.live("--allow accepts the patterns of the configuration, and rejects anything else with an explanation", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.configure({ permissions: { "*": "ask" } })
      const ended = yield* here.run(["run", "List the files here", "--allow", "x", "--allow", "workspace__l*"])
      assert.strictEqual(ended.code, 0, ended.stderr)
      assert.match(ended.stderr, /^✓/m)
      assert.match(ended.stderr, /^parley: no tool matches x in --allow; `parley tools` lists the names$/m)
      const wrong = yield* here.run(["run", "List the files here", "--allow", "*__list"])
      assert.strictEqual(wrong.code, 2, wrong.stderr)
      assert.include(wrong.stderr, "expected the name of a tool")
    })
  )
})
