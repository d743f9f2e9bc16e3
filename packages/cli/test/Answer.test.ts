import { Round } from "@parley/domain/Session"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { place } from "./support/Cli.ts"
import { here as inProcess, type Here } from "./support/InProcess.ts"
import { terminal } from "./support/Terminal.ts"

const decode = Schema.decodeEffect(Schema.fromJsonString(Round))
const sessions = Schema.decodeEffect(
  Schema.fromJsonString(
    Schema.Array(Schema.Struct({ id: Schema.String, questions: Schema.optionalKey(Schema.Int), open: Schema.Boolean }))
  )
)
const asking = { permissions: { "*": "ask" } }
const only = (here: Pick<Here, "run">) =>
  Effect.flatMap(here.run("sessions", "list", "-f", "json"), ({ stdout }) =>
    Effect.map(sessions(stdout), (all) => all[0] ?? { id: "", open: false })
  )

/** A session whose round waits for the approval of one call. */
const parked = Effect.gen(function* () {
  const here = yield* inProcess
  here.configure(asking)
  here.write("a.md", "text")
  const ended = yield* here.run("run", "--park", "List the files here", "-f", "json")
  return { here, ended, id: (yield* only(here)).id }
})

describe("parley run --park", () => {
  it.live("leaves the question open, ends with exit code 7, and says how to answer", () =>
    Effect.gen(function* () {
      const { ended, here, id } = yield* parked
      assert.strictEqual(ended.code, 7, ended.stderr)
      assert.include(ended.stderr, `The round waits for an answer. To see and answer what it asks: parley answer ${id}`)
      assert.include(ended.stderr, "? run workspace__list_files with {}?")
      const round = yield* decode(ended.stdout)
      assert.deepStrictEqual(
        [round.status, round.questions?.map(({ answer, subject }) => [subject._tag, answer])],
        ["waiting", [["Approval", undefined]]]
      )
      assert.strictEqual((yield* only(here)).questions, 1)
      assert.include((yield* here.run("sessions", "list")).stdout, "(waits for an answer)")
      assert.include(
        (yield* here.run("sessions", "show", id)).stdout,
        "? run workspace__list_files with {}? not answered"
      )
      assert.include((yield* here.run("recover")).stdout, `r1 waits for an answer: parley answer ${id}`)
    })
  )

  it.live("prints nothing but the answer of the model on standard output", () =>
    Effect.gen(function* () {
      const here = yield* inProcess
      here.configure(asking)
      const { code, stdout } = yield* here.run("run", "--park", "List the files here")
      assert.strictEqual(code, 7)
      assert.notInclude(stdout, "parley answer")
    })
  )

  it.live("refuses the next message as long as the host leaves the question open, and denies it without --park", () =>
    Effect.gen(function* () {
      const { here, id } = yield* parked
      const refused = yield* here.run("run", "--park", "-s", id, "And now?")
      assert.deepStrictEqual([refused.code, refused.stdout], [7, ""])
      assert.include(refused.stderr, `\`parley answer ${id}\` shows and answers what it asks`)
      const next = yield* here.run("run", "-s", id, "Hello")
      assert.strictEqual(next.code, 0, next.stderr)
      assert.include((yield* here.run("sessions", "show", id)).stdout, "denied: it needs the user's permission")
    })
  )
})

describe("parley answer", () => {
  it.live("allows the call in a script, and shows the rest of the round", () =>
    Effect.gen(function* () {
      const { here, id } = yield* parked
      const ended = yield* here.run("answer", id, "--allow", "-f", "json")
      assert.strictEqual(ended.code, 0, ended.stderr)
      const round = yield* decode(ended.stdout)
      assert.deepStrictEqual(
        [round.status, round.turns[0]?.toolCalls[0]?.outcome?._tag, round.questions?.[0]?.by],
        ["completed", "Succeeded", "caller"]
      )
      const again = yield* here.run("answer", id, "--allow")
      assert.deepStrictEqual([again.code, again.stdout], [2, ""])
      assert.include(again.stderr, `Session ${id} has no open question`)
    })
  )

  it.live("allows the tool in the project or in the session, and says so", () =>
    Effect.gen(function* () {
      for (const scope of ["session", "project"]) {
        const { here, id } = yield* parked
        const answered = yield* here.run("answer", id, "--allow", "--scope", scope)
        assert.strictEqual(answered.code, 0, answered.stderr)
        const notice = "workspace__list_files is allowed in this workspace from now on"
        assert.strictEqual(answered.stderr.includes(notice), scope === "project", answered.stderr)
        assert.include((yield* here.run("sessions", "show", id)).stdout, `allowed for this ${scope}`)
        const same = yield* here.run("run", "-s", id, "List the files here")
        assert.strictEqual(same.code, 0, same.stderr)
        const other = yield* here.run("run", "List the files here")
        assert.strictEqual(other.code, scope === "project" ? 0 : 6, other.stderr)
      }
    })
  )

  it.live("denies it with words that reach the model", () =>
    Effect.gen(function* () {
      const { here, id } = yield* parked
      const ended = yield* here.run("answer", id, "--deny", "--reason", "read a.md instead", "-f", "json")
      assert.strictEqual(ended.code, 6, ended.stderr)
      assert.deepStrictEqual((yield* decode(ended.stdout)).turns[0]?.toolCalls[0]?.outcome, {
        _tag: "Denied",
        reason: "the user said no: read a.md instead"
      })
    })
  )

  it.live("without a terminal shows what is open, and refuses what it cannot use", () =>
    Effect.gen(function* () {
      const { here, id } = yield* parked
      const asked = yield* here.run("answer", id)
      assert.strictEqual(asked.code, 2)
      assert.include(asked.stderr, "r1t1c1q1: run workspace__list_files with {}?")
      const wrong = [
        ["--allow", "--deny"],
        ["--reason", "x"],
        ["--scope", "session"],
        ["--deny", "--scope", "session"],
        ["--allow", "--question", "r9t1c1q1"]
      ]
      for (const flags of wrong) assert.strictEqual((yield* here.run("answer", id, ...flags)).code, 2)
      assert.strictEqual((yield* only(here)).questions, 1)
    })
  )

  it.live("asks at a terminal: what was typed before the question is shown does not answer it", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.configure(asking)
      const ended = yield* here.run(["run", "--park", "List the files here"])
      assert.strictEqual(ended.code, 7, ended.stderr)
      const id = /parley answer (\S+)/.exec(ended.stderr)?.[1] ?? ""
      const shown = yield* terminal(here, ["answer", id], (command) => `(sleep 1; exec ${command})`)
      yield* shown.type("y\r")
      yield* shown.shows(/run it\?[^\n]*$/)
      yield* shown.type("no, not yet\r")
      const { code, output } = yield* shown.ended
      assert.strictEqual(code, 6, output)
      assert.include(output, "the user said no: not yet")
    })
  )

  it.live("answers a question that another terminal shows, and the round goes on there", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.configure(asking)
      const chat = yield* terminal(here, ["chat"])
      yield* chat.shows(/> [^\n]*$/)
      yield* chat.type("List the files here\r")
      yield* chat.shows(/run it\?[^\n]*$/)
      const listed = yield* here.run(["sessions", "list", "-f", "json"])
      const id = (yield* sessions(listed.stdout))[0]?.id ?? ""
      const answered = yield* here.run(["answer", id, "--allow"])
      assert.strictEqual(answered.code, 0, answered.stderr)
      yield* chat.shows(/✓ [^]*> [^\n]*$/)
      yield* chat.type("/exit\r")
      assert.strictEqual((yield* chat.ended).code, 0)
    })
  )
})
