import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { env, execPath } from "node:process"
import { DatabaseSync } from "node:sqlite"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { cancelled, key, record, rounds } from "./support/LongSession.ts"

const rowsOf = (database: string, id: string) => {
  const db = new DatabaseSync(database, { readOnly: true })
  const rows = db
    .prepare(
      "SELECT e.seq, e.at, e.body FROM events e JOIN sessions s ON s.key = e.session WHERE s.id = ? ORDER BY e.seq"
    )
    .all(id)
  db.close()
  return rows.map(({ at, body, seq }) => `${String(seq)} ${String(at)} ${String(body)}`)
}

it.live("a session of a hundred turns is replayed byte for byte, offline, in another time zone and language", () =>
  Effect.gen(function* () {
    const { database, file, id, requests, root } = yield* record
    const recorded = rowsOf(database, id)
    const turns = recorded.filter((row) => row.includes('"_tag":"TurnStarted"'))
    assert.isAtLeast(turns.length, 100)
    assert.isTrue(recorded.some((row) => row.includes("RetryScheduled")))
    assert.isTrue(recorded.some((row) => row.includes(`"RoundCancelled","roundId":"r${cancelled}"`)))
    assert.isTrue(recorded.some((row) => row.includes('"Failed"')))
    assert.notInclude(readFileSync(file, "utf8"), key)

    const target = join(root, "replayed.db")
    const { stderr, stdout } = spawnSync(execPath, [join(import.meta.dirname, "support/replayInto.ts"), file, target], {
      encoding: "utf8",
      env: {
        PATH: env["PATH"],
        HOME: join(root, "nobody"),
        TZ: "Asia/Tokyo",
        LANG: "de_DE.UTF-8",
        LC_ALL: "tr_TR.UTF-8"
      }
    })
    assert.strictEqual(stderr, "")
    assert.include(stdout, '"timeZone":"Asia/Tokyo","locale":"tr-TR"')
    assert.notInclude(stdout, '"difference"')
    assert.include(stdout, `"requests":${requests}`)
    assert.deepStrictEqual(rowsOf(target, id), recorded)
    assert.isAbove(recorded.length, rounds * 8)
  })
)
