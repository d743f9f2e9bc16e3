import * as fs from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { warnOfGrowth } from "../src/file/growth.ts"
import * as SqliteSessions from "../src/sessions/SqliteSessions.ts"
import { at, fact } from "./support/events.ts"
import * as Temporary from "./support/temporary.ts"

const limit = 64 * 1024 * 1024

const logging = () => {
  const logged: Array<string> = []
  return { logged, layer: Logger.layer([Logger.make(({ message }) => void logged.push(String(message)))]) }
}

describe("a write-ahead log that grows", () => {
  it.effect("is reported once if two commits in a row leave it large, and again after it has shrunk", () => {
    const { layer, logged } = logging()
    return Effect.gen(function* () {
      const path = join(yield* Temporary.directory, "sessions.db")
      const warn = warnOfGrowth(path)
      const at = (...sizes: ReadonlyArray<number>) =>
        Effect.forEach(sizes, (size) => {
          fs.writeFileSync(`${path}-wal`, "")
          fs.truncateSync(`${path}-wal`, size)
          return warn
        })
      yield* warn
      yield* at(limit, limit, limit)
      yield* at(limit + 1, 0, limit + 1)
      assert.deepStrictEqual(logged, [])
      yield* at(limit + 3 * 1024 * 1024)
      assert.lengthOf(logged, 1)
      assert.include(logged[0], `${path}-wal has grown to 67 MB: another program has been reading`)
      yield* at(limit + 1, limit * 2)
      assert.lengthOf(logged, 1)
      yield* at(0, limit + 1, limit + 1)
      assert.lengthOf(logged, 2)
      fs.rmSync(`${path}-wal`)
      yield* warn
    }).pipe(Effect.provide(layer))
  })

  it.effect("is checked after each commit", () => {
    const { layer, logged } = logging()
    return Effect.gen(function* () {
      const filename = join(yield* Temporary.directory, "sessions.db")
      const built = yield* Layer.build(Layer.provide(SqliteSessions.layer({ filename }), Temporary.atOnce))
      const sessions = Context.get(built, SessionManager)
      const { id } = yield* sessions.create({})
      // As much as a reader would keep there; SQLite writes over it.
      fs.truncateSync(`${filename}-wal`, limit + 1024 * 1024)
      yield* sessions.append(id, at(0), [fact])
      assert.deepStrictEqual(logged, [])
      yield* sessions.append(id, at(1), [fact])
      yield* sessions.append(id, at(2), [fact])
      assert.lengthOf(logged, 1)
      assert.include(logged[0], `${filename}-wal has grown to 65 MB`)
    }).pipe(Effect.provide(layer))
  })
})
