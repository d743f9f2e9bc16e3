import { DatabaseSync } from "node:sqlite"
import { assert } from "@effect/vitest"
import { SessionId } from "@parley/domain/Ids"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Repair from "@parley/session/Repair"
import { Effect } from "effect"
import { engine, type Home, home } from "../../packages/harness/src/sessions/home.ts"
import { talk } from "../storage/talk.ts"
import type { Form } from "./form.ts"
import { strict } from "./strict.ts"

const poisoned = SessionId.make("poisoned")

/** Writes the history without using the store, as a bug, an older version or an editor would. */
const write = ({ data }: Home, { at, log, seqs, session = {} }: Form): void => {
  const db = new DatabaseSync(`${data}/parley.db`)
  const key = 77
  const numbers = log.map((_, i) => seqs?.[i] ?? i + 1)
  const columns = {
    key,
    id: poisoned,
    workspace: "/w",
    title: "Poison",
    created_at: 1,
    updated_at: 1,
    head: Math.max(0, ...numbers),
    rounds: 1,
    open: 0,
    input_tokens: 0,
    output_tokens: 0,
    cache_read_tokens: 0,
    cache_write_tokens: 0,
    cost: 0,
    ...session
  }
  const names = Object.keys(columns)
  db.prepare(`INSERT INTO sessions (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`).run(
    ...Object.values(columns).map((value) => (value === Number.MAX_VALUE ? 1n << 62n : value))
  )
  const put = db.prepare("INSERT INTO events VALUES (?, ?, ?, ?, ?)")
  for (const [i, event] of log.entries()) {
    const deltaOf = typeof event === "object" && event._tag === "TurnDelta" ? String(event["turnId"]) : null
    const body = typeof event === "string" ? event : JSON.stringify(event)
    put.run(key, numbers[i] ?? 0, i === log.length - 1 ? (at ?? 1) : 1, body, deltaOf)
  }
  db.close()
}

/** Sends a message to the history, and another one from a new engine, and checks the expected results. */
export const attempt = (form: Form) =>
  Effect.gen(function* () {
    const here = yield* home
    const [sound] = yield* talk(here)
    write(here, form)
    const server = yield* strict
    const send = (sessionId: SessionId, request: string) =>
      engine(here, { url: server.url }).pipe(
        Effect.flatMap(({ coordinator }) => coordinator.handleMessage({ sessionId, request })),
        Effect.scoped,
        Effect.result
      )
    for (const request of ["Are you well?", "And still?"]) {
      const before = server.bodies.length
      const result = yield* send(poisoned, request)
      assert.deepStrictEqual(server.broken, [], form.name)
      if (result._tag === "Success") {
        assert.strictEqual(form.expect, "opened")
        assert.strictEqual(result.success.status, "completed")
        assert.strictEqual(server.bodies.length, before + 1)
        assert.include(server.bodies.at(-1), request)
      } else {
        assert.strictEqual(form.expect, "refused", result.failure.message)
        assert.deepInclude(result.failure, { _tag: "StorageError", reason: "Corrupt", sessionId: poisoned })
        assert.match(
          result.failure.message,
          /the history of this session is damaged, other sessions are not affected: session poisoned/
        )
        assert.strictEqual(server.bodies.length, before, "nothing was sent")
      }
    }
    if (form.expect === "refused") {
      const { session } = yield* engine(here, { url: server.url }).pipe(
        Effect.flatMap(({ sessions }) => Effect.provideService(Repair.repair(poisoned), SessionManager, sessions)),
        Effect.scoped
      )
      const result = yield* send(session.id, "And what is left of you?")
      assert.deepStrictEqual(server.broken, [], form.name)
      assert.strictEqual(result._tag, "Success")
    }
    // Other sessions are not affected and are listed.
    const other = yield* send(sound ?? poisoned, "And you?")
    assert.strictEqual(other._tag, "Success")
    const listed = yield* engine(here, { url: server.url }).pipe(
      Effect.flatMap(({ sessions }) => sessions.list({})),
      Effect.scoped
    )
    assert.isTrue(listed.some(({ id }) => id === sound))
    return form.expect
  })
