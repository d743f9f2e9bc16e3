import { DatabaseSync } from "node:sqlite"
import { assert } from "@effect/vitest"
import { SessionId } from "@parley/domain/Ids"
import { Effect } from "effect"
import type { Case } from "../suite.ts"
import { post } from "../support/post.ts"
import { calm, machine, refused } from "./machine.ts"
import { answering, talk } from "./talk.ts"

/** The first session. Its log contains twice: message, context, turn started, (deltas), turn completed, round completed. */
const first = "session = (SELECT key FROM sessions WHERE id = :id)"
const last = `seq = (SELECT max(seq) FROM events WHERE ${first})`

const edits: { readonly [name: string]: { readonly sql: string; readonly words: RegExp } } = {
  "a state that cannot be: a turn ends twice": {
    sql: `UPDATE events SET body = (SELECT body FROM events WHERE ${first} AND body LIKE '%TurnCompleted%' LIMIT 1)
      WHERE ${first} AND ${last}`,
    words: /event \d+: TurnCompleted of r1t1 while r2 is open|TurnCompleted of r1t1 while no turn is open/
  },
  "a missing parent: the round was never started": {
    sql: `UPDATE events SET body = replace(body, '"r2"', '"r7"') WHERE ${first} AND body LIKE '%ContextBuilt%' AND body LIKE '%"r2"%'`,
    words: /event \d+: ContextBuilt of r7 while r2 is open/
  },
  "a gap in the numbers": {
    sql: `DELETE FROM events WHERE ${first} AND seq = 2`,
    words: /event 2 is missing/
  },
  "the last event is gone": {
    sql: `DELETE FROM events WHERE ${first} AND ${last}`,
    words: /event \d+: the log must end with it, but ends with event/
  },
  "an unknown kind": {
    sql: `UPDATE events SET body = '{"_tag":"Newspeak","roundId":"r2"}' WHERE ${first} AND ${last}`,
    words: /event \d+: /
  },
  "invalid JSON": {
    sql: `UPDATE events SET body = substr(body, 1, 10) WHERE ${first} AND ${last}`,
    words: /event \d+: /
  }
}

export const edited: ReadonlyArray<Case> = Object.entries(edits).map(([name, { sql, words }]) => ({
  id: "S16",
  name,
  run: Effect.gen(function* () {
    const here = yield* machine
    const none = SessionId.make("none")
    const [broken = none, sound = none] = yield* talk(here, 2, 2)
    const db = new DatabaseSync(here.database)
    assert.strictEqual(db.prepare(sql).run({ id: broken }).changes, 1)
    const rows = () => db.prepare("SELECT seq, body FROM events ORDER BY session, seq").all()
    const before = rows()
    const server = yield* answering
    const ended = yield* here.parley(["run", "And now?", "--session", broken], { url: server.url })
    refused(ended, broken, words)
    assert.match(
      ended.stderr,
      /history of this session is damaged, .*; `parley sessions repair \S+` copies its readable part/
    )
    assert.strictEqual(server.received.length, 0)
    assert.deepStrictEqual(rows(), before)
    db.close()
    const listed = yield* here.parley(["sessions", "list", "--all"])
    calm(listed)
    for (const id of [broken, sound]) assert.include(listed.stdout, id)
    // Other sessions in this database can be continued.
    const other = yield* here.parley(["run", "And you?", "--session", sound], { url: server.url })
    assert.strictEqual(other.code, 0, other.stderr)
    assert.strictEqual((yield* here.parley(["sessions", "delete", broken])).code, 0)
    yield* post(here, sound)
  })
}))
