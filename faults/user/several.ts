import { assert } from "@effect/vitest"
import { textOf } from "@parley/domain/Content"
import { Effect } from "effect"
import { serve } from "../../packages/harness/src/provider/SseServer.ts"
import type { Case } from "../suite.ts"
import { engine, home } from "../../packages/harness/src/sessions/home.ts"
import { breaksRules, post, stored } from "../support/post.ts"
import { answer } from "../../packages/harness/src/provider/wire.ts"
import { postconditions, sessionOf, tagsOf } from "./support/after.ts"
import { until } from "../../packages/harness/src/user/until.ts"
import { world } from "../../packages/harness/src/user/world.ts"

/** Messages sent concurrently to one engine run one after another, in order of arrival, and each sees the earlier ones. */
const queued = (count: number) =>
  Effect.gen(function* () {
    const here = yield* home
    const model = yield* serve({ body: [answer("One after the other.")] })
    const id = yield* Effect.gen(function* () {
      const { coordinator, sessions } = yield* engine(here, { url: model.url })
      const { id } = yield* sessions.create({})
      const requests = Array.from({ length: count }, (_, i) => `message ${i}`)
      const rounds = yield* Effect.forEach(
        requests,
        (request) => coordinator.handleMessage({ sessionId: id, request }),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        rounds.map((round) => [round.id, round.status, textOf(round.request)]),
        requests.map((request, i) => [`r${i + 1}`, "completed", request])
      )
      return id
    }).pipe(Effect.scoped)
    assert.deepStrictEqual(
      stored(here, id).flatMap(({ event }) =>
        event._tag === "RoundStarted" || event._tag === "RoundCompleted" ? [`${event._tag} ${event.roundId}`] : []
      ),
      Array.from({ length: count }, (_, i) => [`RoundStarted r${i + 1}`, `RoundCompleted r${i + 1}`]).flat()
    )
    assert.lengthOf(model.received, count)
    assert.deepStrictEqual(breaksRules(model.received.map(({ body }) => body)), [])
    yield* post(here, id)
  })

/** A second process is refused immediately with the lease holder, and the running round is not disturbed. */
const refused = Effect.gen(function* () {
  const here = yield* world()
  const first = yield* here.spawn(["run", "phase:headers"])
  yield* until("the model was asked", () => here.model.held() > 0, first.output)
  const before = tagsOf(here)
  const second = yield* here.run(["run", "--session", sessionOf(here) ?? "", "phase:answer"])
  assert.strictEqual(second.status, 5, second.stderr)
  assert.include(second.stderr, `in use by process ${first.child.pid} on this machine since`)
  assert.deepStrictEqual(tagsOf(here), before)
  assert.lengthOf(here.model.bodies, 1)
  first.child.kill("SIGINT")
  assert.strictEqual((yield* first.ended).status, 130)
  yield* postconditions(here, second.stderr)
})

/** U11: a second message while one runs. */
export const several: ReadonlyArray<Case> = [
  { id: "U11", name: "two in one process are queued", run: queued(2) },
  { id: "U11", name: "fifty in one process are queued", run: queued(50) },
  { id: "U11", name: "one from another process is refused with the holder", run: refused }
]
