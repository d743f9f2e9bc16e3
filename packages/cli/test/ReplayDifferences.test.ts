import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { env } from "node:process"
import * as Engine from "@parley/app/Engine"
import * as Setup from "@parley/app/Setup"
import * as WireTape from "@parley/app/WireTape"
import { SessionManager } from "@parley/domain/SessionManager"
import { serve } from "@parley/harness/SseServer"
import { answer } from "@parley/harness/wire"
import type { HttpClient } from "@parley/http/Http"
import * as Recording from "@parley/session/Recording"
import { parse } from "@parley/session/RecordingFormat"
import * as Replay from "@parley/session/Replay"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

/** A bug in a provider: what it sends also depends on something that is not part of the session. */
const planted = (http: HttpClient, change: (body: string) => string): HttpClient => {
  const fetch: HttpClient["fetch"] = (input, init) =>
    http.fetch(input, typeof init?.body === "string" ? { ...init, body: change(init.body) } : init)
  return { ...http, fetch, within: () => fetch }
}

// @effect-diagnostics-next-line globalDate:off -- the planted bug is that the time zone of the machine decides
const localDate = (): string => new Date(0).toString()
// @effect-diagnostics-next-line globalRandom:off -- the planted bug is a random number that no service provides
const randomDigits = (): string => String(Math.random()).slice(2)

const none: WireTape.Secrets = { add: () => undefined, redact: (text) => text }

const temporary = Effect.acquireRelease(
  Effect.sync(() => realpathSync(mkdtempSync(join(tmpdir(), "parley-replay-")))),
  (root) => Effect.sync(() => rmSync(root, { recursive: true, force: true }))
)

const inZone = (zone: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const before = env["TZ"]
      env["TZ"] = zone
      return before
    }),
    (before) => Effect.sync(() => (before === undefined ? delete env["TZ"] : (env["TZ"] = before)))
  )

/** Records two messages with a bug, and replays them with it in another time zone. */
const replayed = Effect.fnUntraced(function* (change: (body: string) => string) {
  const root = yield* temporary
  const server = yield* serve({ body: [answer("Yes.")] })
  const [home, workspace] = [join(root, "home"), join(root, "ws")]
  for (const directory of [join(home, ".config/parley"), join(workspace, ".parley")])
    mkdirSync(directory, { recursive: true })
  writeFileSync(join(workspace, ".parley/prompt.json"), '{ "instructions": "Be brief." }')
  const variables = { HOME: home, ANTHROPIC_API_KEY: "key-of-the-test", ANTHROPIC_BASE_URL: server.url }
  const setup = yield* Setup.load({ env: variables, directory: workspace, isExact: true })
  const lines: Array<string> = []
  const recording = Recording.layer({
    write: (line) => void lines.push(line),
    wired: (tape) => Engine.models(setup, (client) => planted(WireTape.make(tape, client, none), change))
  })
  yield* Effect.gen(function* () {
    yield* inZone("America/New_York")
    const { id } = yield* SessionManager.use((sessions) => sessions.create({ workspace }))
    const coordinator = yield* SessionCoordinator
    for (const request of ["One", "Two"]) yield* coordinator.handleMessage({ sessionId: id, request })
  }).pipe(Effect.scoped, Effect.provide(Engine.layer(setup, "stored", recording)))
  yield* inZone("Asia/Tokyo")
  return yield* Replay.run({
    name: "test",
    recorded: yield* Effect.fromResult(parse("test", lines.join(""))),
    wired: (tape) => Engine.models(setup, (client) => planted(WireTape.make(tape, client, none), change))
  })
}, Effect.scoped)

describe("what is not part of a session is found at its first byte", () => {
  it.live("without a bug, there is no difference", () =>
    Effect.gen(function* () {
      const report = yield* replayed((body) => body)
      assert.strictEqual(report.difference, undefined)
      assert.strictEqual(report.requests, 2)
    })
  )

  it.live("a date in local time, in the first request", () =>
    Effect.gen(function* () {
      const { difference } = yield* replayed((body) => body.replace("Be brief.", `${localDate()} Be brief.`))
      assert.strictEqual(difference?.where, "request to the model 1")
      assert.match(difference?.field ?? "", /^system\[0\]\.text$/)
      assert.include(difference?.expected, "Wed Dec 31 1969")
      assert.include(difference?.received, "Thu Jan 01 1970")
    })
  )

  it.live("a random id, in the request that first contains it", () =>
    Effect.gen(function* () {
      let requests = 0
      const { difference } = yield* replayed((body) =>
        ++requests % 2 === 0 ? body.replace('"max_tokens"', `"id_${randomDigits()}":1,"max_tokens"`) : body
      )
      assert.strictEqual(difference?.where, "request to the model 2")
      assert.match(difference?.expected ?? "", /id_\d+/)
      assert.match(difference?.received ?? "", /id_\d+/)
      assert.notStrictEqual(difference?.expected, difference?.received)
    })
  )

  it.live("the order of the keys of an object", () =>
    Effect.gen(function* () {
      let bodies = 0
      const { difference } = yield* replayed((body) => {
        const pair = bodies++ < 2 ? '"a":1,"b":2' : '"b":2,"a":1'
        return body.replace(/\}$/, `,"metadata":{${pair}}}`)
      })
      assert.strictEqual(difference?.where, "request to the model 1")
      assert.strictEqual(difference?.field, "metadata")
      assert.include(difference?.expected, '"metadata":{"a":1')
      assert.include(difference?.received, '"metadata":{"b":2')
    })
  )
})
