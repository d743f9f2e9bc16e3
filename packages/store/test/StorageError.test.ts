import { assert, describe, it } from "@effect/vitest"
import { StorageError } from "@parley/domain/Errors"
import * as Effect from "effect/Effect"
import { SqlError, UnknownError } from "effect/sql/SqlError"
import { storageError, typed } from "../src/file/storageError.ts"

const sqlite = (errcode: number, words = "as SQLite says") => Object.assign(new Error(words), { errcode })
const system = (code: string) => Object.assign(new Error("as the system says"), { code })
const told = (cause: unknown, path = "/tmp/sessions.db") => storageError("test", path, cause)

describe("an error of the store", () => {
  it("has the reason that the system or SQLite gives", () => {
    const expected = [
      [sqlite(6), "Busy"],
      [sqlite(15), "Busy"],
      [sqlite(262), "Busy"],
      [sqlite(1032), "ReadOnly"],
      [sqlite(10), "Unavailable"],
      [system("ENOSPC"), "Full"],
      [system("EDQUOT"), "Full"],
      [system("EROFS"), "ReadOnly"],
      [system("ERR_OUT_OF_RANGE"), "Corrupt"],
      [system("EIO"), "Unavailable"],
      ["words", "Unavailable"]
    ] as const
    for (const [cause, reason] of expected) assert.strictEqual(told(cause).reason, reason, String(cause))
  })

  it("of a file that cannot be opened on a read-only file system has the reason ReadOnly", () => {
    const closed = "/dev/null/closed/sessions.db"
    assert.strictEqual(told(sqlite(14), closed).reason, "ReadOnly")
    assert.strictEqual(told(sqlite(14)).reason, "Unavailable")
    assert.strictEqual(told(sqlite(10), closed).reason, "Unavailable")
    assert.strictEqual(told(system("EIO"), closed).reason, "Unavailable")
  })

  it("contains SQLite's message, the file, and advice for the user", () => {
    assert.strictEqual(told(sqlite(1)).detail, "as SQLite says (/tmp/sessions.db)")
    assert.strictEqual(told("words").detail, "words (/tmp/sessions.db)")
    for (const code of [2058, 2314, 3594, 3850, 5130, 15])
      assert.match(
        told(sqlite(code)).detail,
        /; its file system does not support file locks: put the database on a local disk/
      )
    for (const code of [10, 778, 1034])
      assert.match(told(sqlite(code)).detail, /; the disk or its file system reported an error: check both$/)
    for (const code of [14, 526])
      assert.match(told(sqlite(code)).detail, /; check the permissions of the file and its directory/)
    for (const code of [5, 517, 13]) assert.match(told(sqlite(code)).detail, /\(\/tmp\/sessions\.db\)$/)
  })

  it.effect("is made from errors that the driver wraps or throws; anything else thrown is a defect", () =>
    Effect.gen(function* () {
      const run = <A>(effect: Effect.Effect<A, SqlError | StorageError>) =>
        effect.pipe(typed("run", "/db"), Effect.flip)
      const wrapped = new SqlError({ reason: new UnknownError({ cause: sqlite(13), message: "as the driver says" }) })
      for (const failed of [
        Effect.fail(wrapped),
        Effect.die(wrapped),
        Effect.die(sqlite(13)),
        Effect.die(system("ENOSPC"))
      ])
        assert.deepInclude(yield* run(failed), { _tag: "StorageError", operation: "run", reason: "Full" })
      assert.include((yield* wrapped.pipe(Effect.fail, run)).detail, "as SQLite says (/db)")
      const before = new StorageError({ operation: "open", reason: "Newer", detail: "as it was" })
      assert.strictEqual(yield* before.pipe(Effect.fail, run), before)
      const defect = new TypeError("ours")
      const exit = yield* Effect.die(defect).pipe(typed("run", "/db"), Effect.exit)
      assert.deepStrictEqual(exit, yield* Effect.exit(Effect.die(defect)))
    })
  )
})
