import * as fs from "node:fs"
import { dirname, join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { StorageError } from "@parley/domain/Errors"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { open } from "../src/database/database.ts"
import { ensure } from "../src/file/databaseFile.ts"
import { migrations } from "../src/database/migrations.ts"
import { withoutHardLinks } from "./support/hardLinks.ts"
import * as Temporary from "./support/temporary.ts"

const place = Effect.map(Temporary.directory, (root) => join(root, "data", "sessions.db"))
const files = (path: string) => fs.readdirSync(dirname(path)).sort()
const write = (text: string) => (draft: string) => Effect.sync(() => fs.writeFileSync(draft, text))

describe("the draft of a new database", () => {
  it.effect("is private and has another name until it is complete", () =>
    Effect.gen(function* () {
      const path = yield* place
      const seen: Array<unknown> = []
      const look = (draft: string) =>
        Effect.sync(() => {
          const { mode, size } = fs.statSync(draft)
          seen.push(files(path), mode & 0o777, size, dirname(draft) === dirname(path), draft === path)
          fs.writeFileSync(draft, "whole")
        })
      const umask = process.umask(0)
      yield* Effect.ensuring(
        ensure(path, look),
        Effect.sync(() => process.umask(umask))
      )
      const [names, ...rest] = seen
      assert.lengthOf(Array.isArray(names) ? names : [], 1)
      assert.deepStrictEqual(rest, [0o600, 0, true, false])
      assert.deepStrictEqual(files(path), ["sessions.db"])
      assert.strictEqual(fs.readFileSync(path, "utf8"), "whole")
    })
  )

  it.effect("is removed with SQLite's other files if it fails, and the next one succeeds", () =>
    Effect.gen(function* () {
      const path = yield* place
      const failed = new StorageError({ operation: "create", reason: "Full", detail: "no room" })
      const broken = (draft: string) =>
        Effect.suspend(() => {
          for (const end of ["-wal", "-shm", "-journal"]) fs.writeFileSync(draft + end, "left")
          return Effect.fail(failed)
        })
      assert.strictEqual(yield* Effect.flip(ensure(path, broken)), failed)
      assert.deepStrictEqual(files(path), [])
      const steps = [...migrations, ["CREATE NONSENSE"]]
      const error = yield* open(path, Duration.seconds(1), steps).pipe(Effect.scoped, Effect.flip)
      assert.strictEqual(error.operation, "create")
      assert.deepStrictEqual(files(path), [])
      yield* Effect.scoped(open(path, Duration.seconds(1)))
      assert.deepStrictEqual(files(path), ["sessions.db"])
    })
  )

  for (const links of ["with", "without"] as const)
    it.effect(`does not replace the database that another process made meanwhile, ${links} hard links`, () =>
      Effect.gen(function* () {
        const path = yield* place
        const theirs = () => fs.writeFileSync(path, "theirs")
        if (links === "without") yield* withoutHardLinks(theirs)
        yield* ensure(path, (draft) =>
          Effect.sync(() => {
            fs.writeFileSync(draft, "ours")
            if (links === "with") theirs()
          })
        )
        assert.strictEqual(fs.readFileSync(path, "utf8"), "theirs")
        assert.deepStrictEqual(files(path), ["sessions.db"])
      })
    )

  it.effect("is renamed only where hard links are not supported", () =>
    Effect.gen(function* () {
      for (const code of ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EXDEV", "EMLINK"]) {
        const path = yield* place
        yield* Effect.scoped(Effect.andThen(withoutHardLinks(undefined, code), ensure(path, write(code))))
        assert.strictEqual(fs.readFileSync(path, "utf8"), code)
        assert.deepStrictEqual(files(path), ["sessions.db"])
      }
      const path = yield* place
      yield* withoutHardLinks(undefined, "ENOSPC")
      assert.deepInclude(yield* Effect.flip(ensure(path, write("text"))), { reason: "Full", operation: "open" })
      assert.deepStrictEqual(files(path), [])
    })
  )

  it.effect("is not made if a database exists, or if an empty file or an old log is there", () =>
    Effect.gen(function* () {
      const path = yield* place
      const none = () => Effect.die("a draft was made")
      fs.mkdirSync(dirname(path))
      fs.writeFileSync(`${path}-wal`, "log")
      assert.deepInclude(yield* Effect.flip(ensure(path, none)), { reason: "Corrupt" })
      fs.writeFileSync(`${path}-wal`, "")
      yield* ensure(path, write("made"))
      yield* ensure(path, none)
      assert.strictEqual(fs.readFileSync(path, "utf8"), "made")
      fs.writeFileSync(path, "")
      assert.deepInclude(yield* Effect.flip(ensure(path, none)), { reason: "Corrupt" })
    })
  )
})
