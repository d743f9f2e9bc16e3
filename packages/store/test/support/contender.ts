import { turnId, roundId, SessionId } from "@parley/domain/Ids"
import type { WriteAt } from "@parley/domain/Lease"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as SqliteSessions from "../../src/sessions/SqliteSessions.ts"
import { delta, fact } from "./events.ts"
import { atOnce } from "./temporary.ts"

/**
 * A process that appends without a pause until its time is over: to a session of its own, and to one that all contenders
 * share whenever it gets the lease. Prints what it did as one line of JSON; any failure but a refused lease ends it.
 */
const [filename = "", shared = "", seconds = "1"] = process.argv.slice(2)

/** What a holder writes into the shared session, one append each, so that the log shows whether others got in between. */
const mark = (epoch: number, n: number): SessionEvent => ({
  _tag: "TurnStarted",
  roundId: roundId(epoch),
  turnId: turnId(roundId(epoch), n),
  model: { provider: "demo", model: "demo" }
})

const numbers = Schema.Array(Schema.Finite)
const report = Schema.encodeSync(
  Schema.fromJsonString(Schema.Struct({ id: SessionId, held: Schema.Int, refused: numbers, times: numbers }))
)

const program = SessionManager.use((sessions) =>
  Effect.gen(function* () {
    const end = (yield* Clock.currentTimeMillis) + Number(seconds) * 1000
    const times: Array<number> = []
    const refused: Array<number> = []
    let held = 0
    const append = (id: SessionId, at: WriteAt, event: SessionEvent) =>
      Effect.map(Effect.timed(sessions.append(id, at, [event])), ([time]) => times.push(Duration.toMillis(time)))

    const share = Effect.gen(function* () {
      const id = SessionId.make(shared)
      const { epoch } = yield* sessions.acquire(id)
      const { head } = yield* sessions.get(id)
      for (let n = 1; n <= 5; n++) yield* append(id, { after: head + n - 1, epoch }, mark(epoch, n))
      held++
    }).pipe(Effect.scoped)

    const { id } = yield* sessions.create({ title: "own" })
    const { epoch } = yield* sessions.acquire(id)
    for (let after = 0; (yield* Clock.currentTimeMillis) < end; after++) {
      yield* append(id, { after, epoch }, after % 10 === 0 ? fact : delta("word "))
      if (after % 5 !== 0) continue
      const [time, outcome] = yield* Effect.timed(
        share.pipe(
          Effect.as("held"),
          Effect.catchTag("SessionBusy", () => Effect.succeed("refused"))
        )
      )
      if (outcome === "refused") refused.push(Duration.toMillis(time))
    }
    process.stdout.write(`${report({ id, held, refused, times })}\n`)
  }).pipe(Effect.scoped)
)

await Effect.runPromise(Effect.provide(program, Layer.provide(SqliteSessions.layer({ filename }), atOnce)))
