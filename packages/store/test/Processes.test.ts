import { execFile } from "node:child_process"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqliteSessions from "../src/sessions/SqliteSessions.ts"
import * as Temporary from "./support/temporary.ts"

const writer = fileURLToPath(new URL("./support/writer.ts", import.meta.url))

const run = (filename: string, appends: number) =>
  Effect.callback<string>((resume) => {
    const child = execFile(process.execPath, [writer, filename, String(appends)], (error, _, stderr) =>
      resume(Effect.succeed(error === null ? "" : stderr))
    )
    return Effect.sync(() => child.kill("SIGKILL"))
  })

describe("processes", () => {
  it.live("create one database and write to it concurrently, and all succeed", () =>
    Effect.gen(function* () {
      const filename = join(yield* Temporary.directory, "new", "sessions.db")
      const failures = yield* Effect.forEach([1, 2, 3], () => run(filename, 200), { concurrency: "unbounded" })
      assert.deepStrictEqual(failures, ["", "", ""])
      const context = yield* Layer.build(SqliteSessions.layer({ filename }))
      const sessions = yield* SessionManager.pipe(Effect.provide(context))
      const all = yield* sessions.list({})
      assert.deepStrictEqual(
        all.map(({ head }) => head),
        [200, 200, 200]
      )
      for (const { id } of all) assert.strictEqual((yield* sessions.read(id, 0)).length, 200)
    })
  )
})
