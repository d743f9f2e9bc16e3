import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { missing } from "@parley/harness/needs"
import { place, type Place } from "./support/Cli.ts"

const databaseOf = (here: Place) => join(here.home, ".local/share/parley/parley.db")
const talk = (here: Place, words: string) => here.run(["run", "--model", "demo/demo", words])

const look = (path: string) => {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    const [check] = database.prepare("PRAGMA integrity_check").all()
    const [found] = database.prepare("SELECT count(*) AS sessions FROM sessions").all()
    return [check?.["integrity_check"], found?.["sessions"]]
  } finally {
    database.close()
  }
}
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)

describe("parley sessions backup", () => {
  it.live("makes a complete private copy, even while another process writes, and leaves no other file", () =>
    Effect.gen(function* () {
      const here = yield* place
      yield* talk(here, "one")
      yield* talk(here, "two")
      const target = join(here.workspace, "copy.db")
      // What this process has written is in the write-ahead log alone.
      const other = new DatabaseSync(databaseOf(here))
      other.exec("BEGIN IMMEDIATE; UPDATE sessions SET title = 'three'")
      const first = yield* here.run(["sessions", "backup", "copy.db"])
      assert.deepStrictEqual([first.code, first.stdout], [0, `${target}\n`], first.stderr)
      other.exec("COMMIT")
      const second = yield* here.run(["sessions", "backup", "../later.db"])
      other.close()
      assert.strictEqual(second.code, 0, second.stderr)
      for (const path of [target, join(here.workspace, "../later.db")]) {
        assert.deepStrictEqual(look(path), ["ok", 2])
        assert.strictEqual(modeOf(path), "600")
      }
      assert.isTrue(readFileSync(join(here.workspace, "../later.db")).includes("three"))
      assert.isFalse(readFileSync(target).includes("three"))
      assert.deepStrictEqual(
        readdirSync(here.workspace).filter((name) => name !== "copy.db"),
        []
      )
      assert.deepStrictEqual(
        readdirSync(join(databaseOf(here), "..")).filter((name) => name.endsWith(".new")),
        []
      )
    })
  )

  it.live("can take the place of the database", () =>
    Effect.gen(function* () {
      const here = yield* place
      yield* talk(here, "remember this")
      assert.strictEqual((yield* here.run(["sessions", "backup", "copy.db"])).code, 0)
      yield* talk(here, "and not this")
      const copy = readFileSync(join(here.workspace, "copy.db"))
      for (const end of ["-wal", "-shm"])
        if (existsSync(databaseOf(here) + end)) writeFileSync(databaseOf(here) + end, "")
      writeFileSync(databaseOf(here), copy)
      const listed = yield* here.run(["sessions", "list"])
      assert.include(listed.stdout, "remember this")
      assert.notInclude(listed.stdout, "and not this")
      assert.strictEqual((yield* talk(here, "go on")).code, 0)
    })
  )

  it.live("replaces no file, and reports what is in the way", () =>
    Effect.gen(function* () {
      const here = yield* place
      const early = yield* here.run(["sessions", "backup", "copy.db"])
      assert.strictEqual(early.code, 2)
      assert.match(early.stderr, /parley\.db: there is no database yet, so there is nothing to copy/)
      assert.isFalse(existsSync(databaseOf(here)))
      yield* talk(here, "one")
      here.write("taken.db", "mine")
      mkdirSync(join(here.workspace, "dir"))
      symlinkSync("nowhere", join(here.workspace, "link.db"))
      const cases: ReadonlyArray<readonly [string, RegExp]> = [
        ["taken.db", /taken\.db: it exists already, and a backup never replaces a file/],
        ["link.db", /link\.db: it exists already/],
        [databaseOf(here), /parley\.db: it exists already/],
        ["dir", /dir: it is a directory: give the name of a file in it/],
        ["missing/copy.db", /copy\.db: its directory does not exist/],
        ["taken.db/copy.db", /copy\.db: its directory does not exist/],
        ...(process.platform === "linux" ? [["/sys/copy.db", /copy\.db: its directory is not writable/] as const] : []),
        ["", /The name of the backup file is empty/],
        [" ", /The name of the backup file is empty/]
      ]
      for (const [file, words] of cases) {
        const { code, stderr, stdout } = yield* here.run(["sessions", "backup", file])
        assert.deepStrictEqual([code, stdout], [2, ""], `${file}: ${stderr}`)
        assert.match(stderr, words)
      }
      assert.strictEqual(readFileSync(join(here.workspace, "taken.db"), "utf8"), "mine")
      assert.deepStrictEqual(readdirSync(here.workspace).toSorted(), ["dir", "link.db", "taken.db"])
    })
  )

  it.live("fails for a database that is damaged, and leaves no file", () =>
    Effect.gen(function* () {
      const here = yield* place
      yield* talk(here, "one")
      const bytes = readFileSync(databaseOf(here))
      bytes.fill(0x5a, 4096, Math.min(bytes.length, 40_960))
      for (const end of ["-wal", "-shm"])
        if (existsSync(databaseOf(here) + end)) writeFileSync(databaseOf(here) + end, "")
      writeFileSync(databaseOf(here), bytes)
      const damaged = yield* here.run(["sessions", "backup", "copy.db"])
      assert.strictEqual(damaged.code, 5, damaged.stderr)
      assert.match(damaged.stderr, /the database is damaged/)
      assert.deepStrictEqual(readdirSync(here.workspace), [])
    })
  )

  it.live.skipIf(missing(["linux", "root", "mounts"]).length > 0)("reports a full disk, and leaves no file", () =>
    Effect.gen(function* () {
      const here = yield* place
      yield* talk(here, "one")
      const disk = join(here.workspace, "disk")
      mkdirSync(disk)
      yield* Effect.acquireRelease(
        Effect.sync(() => execFileSync("mount", ["-t", "tmpfs", "-o", "size=8k", "tmpfs", disk])),
        () => Effect.sync(() => execFileSync("umount", ["--lazy", disk]))
      )
      const { code, stderr } = yield* here.run(["sessions", "backup", "disk/copy.db"])
      assert.strictEqual(code, 5, stderr)
      assert.match(stderr, /the disk is full; free some space and try again/)
      assert.deepStrictEqual(readdirSync(disk), [])
    })
  )
})
