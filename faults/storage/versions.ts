import { chmodSync, existsSync, mkdirSync, readdirSync, statSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { assert } from "@effect/vitest"
import { SessionId } from "@parley/domain/Ids"
import { Effect } from "effect"
import * as Version1 from "../../packages/harness/src/sessions/version1.ts"
import type { Case } from "../suite.ts"
import { engine } from "../../packages/harness/src/sessions/home.ts"
import { post, stored } from "../support/post.ts"
import { bytes, calm, type Machine, machine, refused } from "./machine.ts"
import { traced } from "./strace.ts"
import { answering, talk, words } from "./talk.ts"

const old = SessionId.make("old")

/** A database of the first version that was left in the middle of a turn. */
const version1 = ({ data, database }: Machine): void => {
  mkdirSync(data, { recursive: true, mode: 0o700 })
  Version1.create(database, "0, 0, 0, 0, 0")
  const db = new DatabaseSync(database)
  // Insert the start of the turn, which the fixture lacks.
  db.exec("UPDATE events SET seq = 3 WHERE seq = 2; UPDATE sessions SET head = 3")
  db.prepare("INSERT INTO events VALUES (1, 2, 20, ?, NULL)").run(
    '{"_tag":"TurnStarted","roundId":"r1","turnId":"r1t1","model":{"provider":"demo","model":"demo"}}'
  )
  db.close()
}

const query = (path: string, sql: string): unknown => {
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    return Object.values(db.prepare(sql).get() ?? {})[0]
  } finally {
    db.close()
  }
}

const versionOf = (path: string) => query(path, "PRAGMA user_version")

/** Asserts that the copy made before the migration is private, complete, and of the old version. */
const copied = ({ data, database }: Machine): void => {
  const copy = `${database}.version-1.bak`
  assert.strictEqual(statSync(copy).mode & 0o777, 0o600)
  assert.strictEqual(versionOf(copy), 1)
  assert.strictEqual(query(copy, "PRAGMA integrity_check"), "ok")
  assert.strictEqual(query(copy, "SELECT count(*) FROM events"), 3)
  assert.deepStrictEqual(
    readdirSync(data).filter((name) => name.endsWith(".new")),
    []
  )
}

const migrated = (here: Machine) =>
  Effect.gen(function* () {
    assert.isAbove(Number(versionOf(here.database)), 2)
    copied(here)
    yield* post(here, old)
    assert.isAbove(stored(here, old).length, 6)
  })

export const older: ReadonlyArray<Case> = [
  {
    id: "S12",
    name: "version 1 is copied and migrated, and its session can be continued",
    run: Effect.gen(function* () {
      const here = yield* machine
      version1(here)
      const listed = yield* here.parley(["sessions", "list", "--all"])
      calm(listed)
      assert.match(listed.stdout, /^old .*Hello.*\(open\)/m)
      yield* migrated(here)
    })
  },
  {
    id: "S12",
    name: "killed at every write of the migration: the old version, or the new one",
    needs: ["strace"],
    run: Effect.gen(function* () {
      const seen = new Set<unknown>()
      for (const when of ["1", "4", "8", "12"]) {
        const here = yield* machine
        version1(here)
        const { under } = traced(here, { call: "pwrite64", fault: "signal=SIGKILL", when, file: "parley.db-wal" })
        yield* here.parley(["sessions", "list", "--all"], { under })
        seen.add(versionOf(here.database))
        assert.strictEqual(query(here.database, "PRAGMA integrity_check"), "ok")
        const listed = yield* here.parley(["sessions", "list", "--all"])
        calm(listed)
        assert.match(listed.stdout, /^old /m)
        yield* migrated(here)
      }
      assert.isTrue(seen.has(1), "one was killed before the end")
    })
  },
  {
    id: "S12",
    name: "two processes concurrently",
    run: Effect.gen(function* () {
      const here = yield* machine
      version1(here)
      const all = yield* Effect.forEach([1, 2], () => here.parley(["sessions", "list", "--all"]), {
        concurrency: "unbounded"
      })
      for (const ended of all) {
        calm(ended)
        assert.strictEqual(ended.code, 0, ended.stderr)
        assert.match(ended.stdout, /^old /m)
      }
      yield* migrated(here)
    })
  },
  {
    id: "S12",
    name: "no room for the copy: nothing is migrated",
    run: Effect.gen(function* () {
      const here = yield* machine
      version1(here)
      const before = bytes(here.data)
      // The limit is in blocks of 1024 bytes: the copy does not fit, but the WAL of the migration would.
      const ended = yield* here.parley(["run", "hello"], { under: ["bash", "-c", 'ulimit -f 16; exec "$@"', "bash"] })
      refused(ended, here.database, /disk/)
      assert.deepStrictEqual(bytes(here.data), before)
      assert.strictEqual(versionOf(here.database), 1)
      assert.isFalse(existsSync(`${here.database}.version-1.bak`))
      yield* here.parley(["sessions", "list"])
      yield* migrated(here)
    })
  }
]

/** A database as a later version would leave it. */
const newer = (change: string) =>
  Effect.gen(function* () {
    const here = yield* machine
    const [id = old] = yield* talk(here)
    const db = new DatabaseSync(here.database)
    db.exec(`${change}; PRAGMA user_version = 999`)
    db.close()
    chmodSync(here.database, 0o600)
    return { here, id }
  })

/** Every command that writes is refused before a request is sent to a model, and changes nothing. */
const refusesToWrite = (here: Machine, id: SessionId) =>
  Effect.gen(function* () {
    const before = bytes(here.data)
    const server = yield* answering
    const newerWords = /written by a newer version of Parley; update Parley/
    for (const args of [["run", "hello"], ["run", "hello", "--session", id], ["recover"], ["sessions", "delete", id]])
      refused(yield* here.parley(args, { url: server.url }), here.database, newerWords)
    assert.strictEqual(server.received.length, 0)
    assert.deepStrictEqual(bytes(here.data), before)
  })

export const later: ReadonlyArray<Case> = [
  {
    id: "S13",
    name: "with additional columns: it can still be read",
    run: Effect.gen(function* () {
      const { here, id } = yield* newer("ALTER TABLE sessions ADD COLUMN colour TEXT; CREATE TABLE more (x)")
      const before = bytes(here.data)
      const listed = yield* here.parley(["sessions", "list", "--all"])
      assert.strictEqual(listed.code, 0, listed.stderr)
      assert.include(listed.stdout, id)
      const shown = yield* here.parley(["sessions", "show", id])
      assert.include(shown.stdout, words)
      assert.deepStrictEqual(bytes(here.data), before)
      yield* refusesToWrite(here, id)
    })
  },
  {
    id: "S13",
    name: "with renamed columns: refused",
    run: Effect.gen(function* () {
      const { here, id } = yield* newer("ALTER TABLE sessions RENAME COLUMN title TO name")
      refused(yield* here.parley(["sessions", "list"]), here.database, /newer version of Parley; update Parley/)
      yield* refusesToWrite(here, id)
      // The library fails with the same error.
      const error = yield* engine(here, { url: "http://127.0.0.1:9" }).pipe(Effect.asVoid, Effect.scoped, Effect.flip)
      assert.deepInclude(error, { _tag: "StorageError", reason: "Newer" })
    })
  }
]
