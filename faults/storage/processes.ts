import { existsSync } from "node:fs"
import { assert } from "@effect/vitest"
import { SessionId } from "@parley/domain/Ids"
import { Effect } from "effect"
import { serve } from "../../packages/harness/src/provider/SseServer.ts"
import type { Case } from "../suite.ts"
import { post, stored } from "../support/post.ts"
import { delta, open, sse, start } from "../../packages/harness/src/provider/wire.ts"
import { calm, type Ended, type Machine, machine, sessionOf, type Started } from "./machine.ts"
import { answering, words } from "./talk.ts"
import { inTime } from "../../packages/harness/src/time/promptly.ts"

const hanging = serve({
  body: [
    sse(start()),
    sse(open(0, { type: "text", text: "" })),
    sse(delta(0, { type: "text_delta", text: "Working" }))
  ],
  last: "hang"
})

const until = (done: () => boolean) => Effect.sleep("20 millis").pipe(Effect.repeat({ until: done }), inTime(20_000))

/** A process in the middle of the second round of a session. */
const atWork = Effect.gen(function* () {
  const here = yield* machine
  const id = sessionOf(yield* here.parley(["run", "hello"]))
  const { url } = yield* hanging
  const first = yield* Effect.acquireRelease(
    Effect.sync(() => here.start(["run", "Work.", "--session", id], { url })),
    ({ child }) => Effect.sync(() => void child.kill("SIGKILL"))
  )
  yield* until(() => first.stdout().includes("Working"))
  return { first, here, id, more: ["run", "And me?", "--session", id] }
})

const busy = (ended: Ended, { child }: Started): void => {
  calm(ended)
  assert.strictEqual(ended.code, 5, ended.stderr)
  assert.match(ended.stderr, new RegExp(`is in use by process ${child.pid} on this machine since`))
}

const goesOn = (here: Machine, id: string) =>
  Effect.gen(function* () {
    const { url } = yield* answering
    const ended = yield* here.parley(["run", "And me?", "--session", id], { url })
    calm(ended)
    assert.strictEqual(ended.code, 0, ended.stderr)
    assert.include(ended.stdout, words)
  })

export const oneSession: ReadonlyArray<Case> = [
  {
    id: "S07",
    name: "the second is refused immediately, with the holder of the lease",
    run: Effect.gen(function* () {
      const { first, here, id, more } = yield* atWork
      const { url } = yield* answering
      const before = stored(here, SessionId.make(id)).length
      busy(yield* here.parley(more, { url }), first)
      assert.strictEqual(stored(here, SessionId.make(id)).length, before)
      first.child.kill("SIGINT")
      assert.strictEqual((yield* first.ended).code, 130)
      yield* goesOn(here, id)
      yield* post(here, SessionId.make(id))
    })
  },
  {
    id: "S07",
    name: "the second may read the session",
    run: Effect.gen(function* () {
      const { first, here, id } = yield* atWork
      const shown = yield* here.parley(["sessions", "show", id])
      calm(shown)
      assert.strictEqual(shown.code, 0, shown.stderr)
      assert.match(shown.stdout, /> Work\.[^]*Working/)
      first.child.kill("SIGINT")
      assert.strictEqual((yield* first.ended).code, 130)
      yield* post(here, SessionId.make(id))
    })
  },
  {
    id: "S07",
    name: "kill -9 of the first: the second takes over immediately",
    run: Effect.gen(function* () {
      const { first, here, id } = yield* atWork
      first.child.kill("SIGKILL")
      yield* first.ended
      assert.isTrue(existsSync(`${here.database}-wal`))
      yield* goesOn(here, id)
      yield* post(here, SessionId.make(id))
    })
  },
  {
    id: "S07",
    name: "the first is paused for longer than its lease: it can no longer write",
    run: Effect.gen(function* () {
      const { first, here, id, more } = yield* atWork
      const { url } = yield* answering
      first.child.kill("SIGSTOP")
      busy(yield* here.parley(more, { url }), first)
      yield* Effect.sleep("10500 millis")
      yield* goesOn(here, id)
      const before = stored(here, SessionId.make(id))
      first.child.kill("SIGCONT")
      yield* Effect.sleep("200 millis")
      first.child.kill("SIGINT")
      const ended = yield* first.ended
      calm(ended)
      assert.include([5, 130], ended.code)
      assert.deepStrictEqual(stored(here, SessionId.make(id)), before)
      yield* post(here, SessionId.make(id))
    })
  }
]

const together = (here: Machine, count: number, url: string) =>
  Effect.forEach(
    Array.from({ length: count }, (_, n) => n),
    (n) => here.parley(["run", `I am ${n}.`], { url }),
    { concurrency: "unbounded" }
  )

const fine = (here: Machine, all: ReadonlyArray<Ended>) =>
  Effect.gen(function* () {
    for (const ended of all) {
      calm(ended)
      assert.strictEqual(ended.code, 0, ended.stderr)
      assert.include(ended.stdout, words)
    }
    const ids = all.map(sessionOf)
    assert.strictEqual(new Set(ids).size, all.length)
    for (const id of ids) assert.isAbove(stored(here, SessionId.make(id)).length, 3)
    yield* post(here, SessionId.make(ids[0] ?? ""))
  })

export const manyProcesses: ReadonlyArray<Case> = [
  {
    id: "S08",
    name: "eight concurrently create the database and a session each",
    run: Effect.gen(function* () {
      const here = yield* machine
      const { url } = yield* answering
      yield* fine(here, yield* together(here, 8, url))
    })
  },
  {
    id: "S08",
    name: "two on an existing database, repeatedly",
    run: Effect.gen(function* () {
      const here = yield* machine
      const { url } = yield* answering
      const all = yield* Effect.forEach([1, 2, 3], () => together(here, 2, url))
      yield* fine(here, all.flat())
    })
  },
  {
    id: "S08",
    name: "eight engines with five messages each, and one that reads continuously",
    run: Effect.gen(function* () {
      const here = yield* machine
      const { url } = yield* answering
      const first = sessionOf(yield* here.parley(["run", "hello"]))
      const reader = here.start(["sessions", "show", first, "--follow"])
      const all = yield* Effect.forEach(
        Array.from({ length: 8 }),
        () => here.live(["1", "2", "3", "4", "5"], { url }),
        { concurrency: "unbounded" }
      )
      for (const ended of all) {
        calm(ended)
        assert.strictEqual(ended.stdout.match(/"status":"completed"/g)?.length, 5, ended.stdout)
        assert.notInclude(ended.stdout, "error")
      }
      reader.child.kill("SIGINT")
      calm(yield* reader.ended)
      yield* post(here, SessionId.make(first))
    })
  }
]
