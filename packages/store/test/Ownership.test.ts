import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as fs from "node:fs"
import { join } from "node:path"
import { SessionManager } from "@parley/domain/SessionManager"
import * as SqliteSessions from "../src/sessions/SqliteSessions.ts"
import * as Temporary from "./support/temporary.ts"

const open = (filename: string, access: "read" | "write") =>
  Effect.flatMap(SessionManager, (sessions) => sessions.list({})).pipe(
    Effect.provide(SqliteSessions.layer({ filename, access }).pipe(Layer.provide(Temporary.atOnce)), { local: true })
  )

const place = Effect.map(Temporary.directory, (top) => {
  fs.mkdirSync(join(top, "data"), { mode: 0o700 })
  return { top, filename: join(top, "data/sessions.db") }
})

const isRoot = process.getuid?.() === 0
const spoil = (path: string): RegExp => {
  if (isRoot) fs.chownSync(path, 4321, 4321)
  else fs.chmodSync(path, 0o777)
  return isRoot ? /belongs to uid 4321 and not to you/ : /can be written by other users/
}

for (const access of ["write", "read"] as const) {
  for (const spoiled of ["data", "data/sessions.db"]) {
    it.effect(`a database is not opened to ${access} when another user could have written ${spoiled}`, () =>
      Effect.gen(function* () {
        const { filename, top } = yield* place
        assert.deepStrictEqual(yield* open(filename, "write"), [])
        const before = fs.readdirSync(join(top, "data"))
        const words = spoil(join(top, spoiled))
        const error = yield* Effect.flip(open(filename, access))
        assert.strictEqual(error.reason, "Unavailable")
        assert.include(error.message, join(top, spoiled))
        assert.match(error.message, words)
        assert.match(error.message, /run `(chown 0|chmod go-w) /)
        assert.deepStrictEqual(fs.readdirSync(join(top, "data")), before)
      })
    )
  }

  it.effect(`a database is not opened to ${access} through a link, or in a directory that all users share`, () =>
    Effect.gen(function* () {
      const { filename, top } = yield* place
      yield* open(filename, "write")
      fs.symlinkSync(filename, join(top, "link.db"))
      assert.match((yield* Effect.flip(open(join(top, "link.db"), access))).message, /link.db is a symbolic link/)
      fs.chmodSync(join(top, "data"), 0o1777)
      assert.match(
        (yield* Effect.flip(open(filename, access))).message,
        /can be written by other users: its mode is 1777/
      )
    })
  )
}

it.effect("no database is created in a directory of another user", () =>
  Effect.gen(function* () {
    const { filename, top } = yield* place
    const words = spoil(join(top, "data"))
    assert.match((yield* Effect.flip(open(filename, "write"))).message, words)
    assert.deepStrictEqual(fs.readdirSync(join(top, "data")), [])
  })
)

it.effect("the database's directory may be a link of the user", () =>
  Effect.gen(function* () {
    const { top } = yield* place
    fs.symlinkSync("data", join(top, "linked"))
    assert.deepStrictEqual(yield* open(join(top, "linked/sessions.db"), "write"), [])
    assert.isTrue(fs.existsSync(join(top, "data/sessions.db")))
  })
)
