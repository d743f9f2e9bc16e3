import { assert, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { existsSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import process from "node:process"
import { here } from "./support/InProcess.ts"

/** A process of another machine, of which no process here can tell whether it has ended. */
const holder = `{"pid":${process.pid},"host":"elsewhere","since":1,"machine":"other","started":"1"}`

it.live("a session in use is not deleted, and a result that another session names is kept", () =>
  Effect.gen(function* () {
    const it = yield* here
    for (let i = 0; i < 600; i++) writeFileSync(join(it.workspace, `${i}-${"x".repeat(180)}`), "")
    yield* it.run("run", "List the files here")
    const data = join(it.home, ".local/share/parley")
    const [id = ""] = (yield* it.run("sessions", "list")).stdout.match(/^ses_\w+/) ?? []
    const lines = join(it.home, "a.jsonl")
    yield* it.run("sessions", "export", id, "-f", "jsonl", "-o", lines)
    const copy = (yield* it.run("sessions", "import", lines)).stdout.trim()

    const db = new DatabaseSync(join(data, "parley.db"))
    const lease = db.prepare("UPDATE sessions SET lease_until = ?, holder = ? WHERE id = ?")
    lease.run((yield* Clock.currentTimeMillis) + 9000, holder, id)
    const refused = yield* it.run("sessions", "delete", id)
    assert.strictEqual(refused.code, 5)
    assert.include(refused.stderr, `Session ${id} is in use by`)
    assert.include((yield* it.run("sessions", "show", id)).stdout, id)
    lease.run(0, null, id)
    db.close()

    const results = () => readdirSync(join(data, "results"), { recursive: true, encoding: "utf8" })
    const kept = results().filter((name) => name.includes("result-"))
    assert.lengthOf(kept, 1)
    assert.strictEqual((yield* it.run("sessions", "delete", id)).code, 0)
    assert.deepStrictEqual(
      results().filter((name) => name.includes("result-")),
      kept
    )
    assert.strictEqual((yield* it.run("sessions", "delete", copy)).code, 0)
    assert.deepStrictEqual(
      existsSync(join(data, "results")) ? results().filter((name) => name.includes("result-")) : [],
      []
    )
  })
)
