import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { place } from "./support/Cli.ts"

it.live("a damaged session reports how to repair it, and its copy can be continued", () =>
  Effect.gen(function* () {
    const here = yield* place
    yield* here.run(["run", "hello"])
    yield* here.run(["run", "--continue", "hello again"])
    const database = new DatabaseSync(join(here.home, ".local/share/parley/parley.db"))
    const last = "(SELECT max(seq) FROM events)"
    database.exec(`UPDATE events SET body = '{"_tag":"Newspeak"}' WHERE seq = ${last}`)
    database.close()

    const refused = yield* here.run(["run", "--continue", "and now?"])
    assert.strictEqual(refused.code, 5, refused.stderr)
    const [, id = ""] = /`parley sessions repair (\S+)` copies its readable part/.exec(refused.stderr) ?? []
    assert.notStrictEqual(id, "", refused.stderr)

    const repaired = yield* here.run(["sessions", "repair", id])
    assert.strictEqual(repaired.code, 0, repaired.stderr)
    assert.match(
      repaired.stderr,
      /^Copied 1 round of \S+, which is unchanged; \d+ events could not be copied\. To continue: parley run -s/
    )
    const copy = repaired.stdout.trim()
    assert.notStrictEqual(copy, id)
    const round = yield* here.run(["run", "-s", copy, "List the files here"])
    assert.strictEqual(round.code, 0, round.stderr)
    const shown = yield* here.run(["sessions", "show", copy])
    assert.include(shown.stdout, "2 rounds")
    assert.include(shown.stdout, "hello")
    assert.notInclude(shown.stdout, "hello again")

    const unknown = yield* here.run(["sessions", "repair", "ses_none"])
    assert.strictEqual(unknown.code, 2, unknown.stderr)
  })
)
