import { SessionId } from "@parley/domain/Ids"
import * as SessionFold from "@parley/domain/SessionFold"
import { SessionManager } from "@parley/domain/SessionManager"
import * as SqliteSessions from "@parley/store/SqliteSessions"
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Stream } from "effect"
import { join } from "node:path"
import { directory, follow, post, type Refused, serve, type Service, stream } from "./support/httpService.ts"

const session = ({ url }: Service) => Effect.map(post(`${url}/sessions`), ({ id }) => `${url}/sessions/${id}`)
const idOf = (address: string) => SessionId.make(address.slice(address.lastIndexOf("/") + 1))

/** What the database contains when the process has ended. */
const stored = (cwd: string) => SqliteSessions.layer({ filename: join(cwd, "sessions.db") })
const roundsOf = Effect.fnUntraced(function* (address: string) {
  const sessions = yield* SessionManager
  return SessionFold.fromEvents(idOf(address), yield* sessions.read(idOf(address), 0)).rounds
})

/** Sends messages to a session of its own, each when the one before was accepted, until the service refuses one. */
const chatty = Effect.fnUntraced(function* (service: Service, accepted: () => void) {
  const address = yield* session(service)
  const rounds: Array<string> = []
  const send = Effect.suspend(() => post(`${address}/messages`, { text: `message ${rounds.length + 1}` })).pipe(
    Effect.tap(({ roundId = "" }) => Effect.sync(() => void rounds.push(roundId))),
    Effect.tap(() => Effect.sync(accepted))
  )
  const refused = yield* Effect.flip(Effect.forever(send))
  return { address, rounds, refused }
})

/** A client that goes away while its response is being streamed. */
const aborting = Effect.fnUntraced(function* (service: Service) {
  const address = yield* session(service)
  yield* stream(`${address}/stream`, { text: "slow" }).pipe(
    Stream.takeUntil(({ event }) => event === "TurnStarted"),
    Stream.runDrain
  )
  const seen = yield* follow(`${address}/events`).pipe(
    Stream.takeUntil(({ event }) => event === "RoundCancelled"),
    Stream.runCollect
  )
  assert.strictEqual(seen.at(-1)?.event, "RoundCancelled", "the round of a client that went away")
  return address
})

/** A client that loses its connection and resumes after the last event that it received. */
const reconnecting = Effect.fnUntraced(function* (service: Service) {
  const address = yield* session(service)
  yield* post(`${address}/messages`, { text: "Hello" })
  const before = yield* follow(`${address}/events`).pipe(Stream.take(2), Stream.runCollect)
  const after = yield* follow(`${address}/events`, before.at(-1)?.id).pipe(
    Stream.takeUntil(({ event }) => event === "RoundCompleted"),
    Stream.runCollect
  )
  const ids = [...before, ...after].map(({ id }) => id)
  assert.deepStrictEqual(
    ids,
    [...new Set(ids)].sort((a, b) => a - b),
    "in order and once"
  )
  const names = [...before, ...after].map(({ event }) => event).filter((event) => event !== "TurnDelta")
  assert.deepStrictEqual(names, ["RoundStarted", "ContextBuilt", "TurnStarted", "TurnCompleted", "RoundCompleted"])
})

it.live("the HTTP service loses no accepted message when it is ended under load", () =>
  Effect.gen(function* () {
    const cwd = yield* directory
    const service = yield* serve(cwd, "1 minute")
    let count = 0
    const busy = yield* Deferred.make<void>()
    const accepted = () => void (++count === 60 && Deferred.doneUnsafe(busy, Effect.void))
    const clients = yield* Effect.forkChild(
      Effect.forEach(Array.from({ length: 50 }), () => chatty(service, accepted), { concurrency: "unbounded" })
    )
    const others = yield* Effect.forkChild(
      Effect.all([aborting(service), reconnecting(service)], { concurrency: "unbounded" })
    )
    yield* Deferred.await(busy)
    const [cancelled] = yield* Fiber.join(others)
    const watching = yield* Effect.forkChild(Stream.runDrain(follow(`${cancelled}/events`)), { startImmediately: true })
    service.process.kill("SIGTERM")
    const ended = yield* Fiber.join(clients)
    yield* Fiber.join(watching)
    assert.strictEqual(yield* service.exited, 0)
    const refusals: ReadonlyArray<Refused> = ended.map(({ refused }) => refused)
    assert.isTrue(refusals.some(({ status }) => status === 503))
    assert.deepStrictEqual(
      refusals.filter(({ status }) => status !== 503 && status !== 0),
      []
    )
    yield* Effect.gen(function* () {
      for (const { address, rounds } of ended) {
        const found = yield* roundsOf(address)
        assert.isAtLeast(rounds.length, 1)
        assert.deepStrictEqual(
          found.map(({ id, status }) => [id, status]),
          rounds.map((id) => [id, "completed"])
        )
      }
      assert.deepStrictEqual(
        (yield* roundsOf(cancelled)).map(({ status }) => status),
        ["cancelled"]
      )
    }).pipe(Effect.provide(stored(cwd)))
  })
)

it.live("the HTTP service cancels the rounds that do not end in time", () =>
  Effect.gen(function* () {
    const cwd = yield* directory
    const service = yield* serve(cwd, "200 millis")
    const address = yield* session(service)
    yield* post(`${address}/messages`, { text: "slow" })
    yield* follow(`${address}/events`).pipe(
      Stream.takeUntil(({ event }) => event === "TurnStarted"),
      Stream.runDrain
    )
    service.process.kill("SIGTERM")
    assert.strictEqual(yield* service.exited, 0)
    const rounds = yield* Effect.provide(roundsOf(address), stored(cwd))
    assert.deepStrictEqual(
      rounds.map(({ id, status }) => [id, status]),
      [["r1", "cancelled"]]
    )
  })
)

it.live("the HTTP service reports what is wrong with a request", () =>
  Effect.gen(function* () {
    const service = yield* serve(yield* directory, "1 second")
    const address = yield* session(service)
    const refused = (at: string, message: unknown) => Effect.map(Effect.flip(post(at, message)), ({ status }) => status)
    assert.strictEqual(yield* refused(`${address}/messages`, { text: "" }), 400)
    assert.strictEqual(yield* refused(`${address}/messages`, {}), 400)
    assert.strictEqual(yield* refused(`${service.url}/sessions/none/messages`, { text: "Hello" }), 404)
    assert.strictEqual((yield* Effect.flip(Stream.runDrain(follow(`${service.url}/sessions/none/events`)))).status, 404)
  })
)
