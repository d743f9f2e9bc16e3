import { assert } from "@effect/vitest"
import { SessionId } from "@parley/domain/Ids"
import { Effect } from "effect"
import type { Case } from "../suite.ts"
import { post } from "../support/post.ts"
import { calm, machine, sessionOf } from "./machine.ts"
import { outcomes } from "./strace.ts"
import { answering, talk, words } from "./talk.ts"

/** Limits the number of open files of a process. */
const limited = ["bash", "-c", 'ulimit -n 64; exec "$@"', "bash"]

export const descriptors: ReadonlyArray<Case> = [
  {
    id: "S22",
    name: "ulimit -n 64 is enough for the command",
    run: Effect.gen(function* () {
      const here = yield* machine
      const { url } = yield* answering
      const ended = yield* here.parley(["run", "hello"], { url, under: limited })
      calm(ended)
      assert.strictEqual(ended.code, 0, ended.stderr)
      assert.include(ended.stdout, words)
      yield* post(here, SessionId.make(sessionOf(ended)))
    })
  },
  {
    id: "S22",
    name: "none left: a typed error for each message, and no error when there are some again",
    run: Effect.gen(function* () {
      const here = yield* machine
      const [id = SessionId.make("none")] = yield* talk(here)
      const server = yield* answering
      const messages = ["One", "(exhaust)", "(open)", "(open)", "(release)", "(open)", "Two"]
      const ended = yield* here.live(messages, { url: server.url, under: limited, sessionId: id })
      calm(ended)
      const [one, first, second, opened, two] = outcomes(ended)
      assert.deepEqual([one, opened, two], [{ status: "completed" }, { status: "opened" }, { status: "completed" }])
      for (const refused of [first, second]) {
        assert.deepInclude(refused, { error: "StorageError", reason: "Unavailable" })
        assert.include(refused?.["message"], here.database)
        assert.match(refused?.["message"] ?? "", /limit of open files \(ulimit -n\)|EMFILE/)
      }
      assert.strictEqual(server.received.length, 2)
      yield* post(here, id)
    })
  }
]
