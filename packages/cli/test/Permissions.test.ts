import { Round } from "@parley/domain/Session"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { place } from "./support/Cli.ts"

const decode = Schema.decodeEffect(Schema.fromJsonString(Round))
const call = (stdout: string) => Effect.map(decode(stdout), ({ turns }) => turns[0]?.toolCalls[0])

describe("permissions", () => {
  it.live(
    "a denied tool never runs, and the round goes on",
    () =>
      Effect.gen(function* () {
        const here = yield* place
        here.configure({ permissions: { "workspace__*": "deny" } })
        const ended = yield* here.run(["run", "List the files here", "-f", "json"])
        assert.strictEqual(ended.code, 0, ended.stderr)
        const denied = yield* call(ended.stdout)
        assert.deepStrictEqual(denied?.decision, { allowed: false, by: "rule" })
        assert.strictEqual(denied?.outcome?._tag, "Denied")
      }),
    60_000
  )

  it.live(
    "where nobody can be asked, nothing runs, and it says what to do",
    () =>
      Effect.gen(function* () {
        const here = yield* place
        here.configure({ permissions: { workspace__list_files: "ask" } })
        const ended = yield* here.run(["run", "List the files here", "-f", "json"])
        assert.strictEqual(ended.code, 0, ended.stderr)
        assert.strictEqual((yield* call(ended.stdout))?.outcome?._tag, "Denied")
        assert.include(ended.stderr, "nobody can be asked whether workspace__list_files may run")
        assert.include(ended.stderr, "config.json can allow it")
      }),
    60_000
  )

  it.live(
    "a conversation asks, and takes no, yes and always for an answer",
    () =>
      Effect.gen(function* () {
        const here = yield* place
        here.configure({ permissions: { "*": "ask" } })
        const list = "List the files here"
        const input = [list, "no", list, "y", list, "a", list, "/exit", ""].join("\n")
        const ended = yield* here.run(["chat"], { input })
        assert.strictEqual(ended.code, 0, ended.stderr)
        const marks = ended.stderr.split("\n").filter((line) => /^[✓✗]/.test(line))
        assert.deepStrictEqual(
          marks.map((line) => line.charAt(0)),
          ["✗", "✓", "✓", "✓"]
        )
        assert.include(marks[0], "the user said no")
      }),
    60_000
  )

  it.live(
    "a yes is for one call, always for one tool, and what is no answer is a no",
    () =>
      Effect.gen(function* () {
        const here = yield* place
        here.configure({ permissions: { "*": "ask" } })
        const list = "List the files here"
        const input = [list, "yes", list, "yesterday I said no", list, "v", "a", list, "/exit", ""].join("\n")
        const ended = yield* here.run(["chat"], { input })
        assert.strictEqual(ended.code, 0, ended.stderr)
        const marks = ended.stderr.split("\n").filter((line) => /^[✓✗]/.test(line))
        assert.strictEqual(marks.map((line) => line.charAt(0)).join(""), "✓✗✓✓")
        assert.lengthOf(ended.stderr.match(/^ {2}│ /gm) ?? [], 4, "three questions, one of them viewed again")
      }),
    60_000
  )

  it.live(
    "--allow takes the patterns of the configuration, and says so of anything else",
    () =>
      Effect.gen(function* () {
        const here = yield* place
        here.configure({ permissions: { "*": "ask" } })
        const ended = yield* here.run(["run", "List the files here", "--allow", "x", "--allow", "workspace__l*"])
        assert.strictEqual(ended.code, 0, ended.stderr)
        assert.match(ended.stderr, /^✓/m)
        const wrong = yield* here.run(["run", "List the files here", "--allow", "*__list"])
        assert.strictEqual(wrong.code, 2, wrong.stderr)
        assert.include(wrong.stderr, "expected the name of a tool")
      }),
    60_000
  )
})
