import { assert, it } from "@effect/vitest"
import { SearchHit } from "@parley/domain/SessionSearch"
import { Effect, Schema } from "effect"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { here } from "./support/InProcess.ts"

const decode = Schema.decodeSync(Schema.fromJsonString(Schema.Array(SearchHit)))

it.live("searches the workspace or all of them, for people and for programs", () =>
  Effect.gen(function* () {
    const it = yield* here
    const other = join(it.workspace, "../other")
    mkdirSync(other)
    yield* it.run("run", "Where are the quinces?")
    yield* it.run("run", "--workspace", other, "quinces again")
    const found = yield* it.run("sessions", "search", "QUINCES")
    assert.match(found.stdout, /^ses_\w+ {2}\S+ \S+ {2}Where are the quinces\?\n {2}message Where are the quinces\?\n/)
    assert.notInclude(found.stdout, "again")
    const all = yield* it.run("sessions", "search", "--all", "quinces")
    assert.match(all.stdout, new RegExp(`quinces again {2}${other}\n {2}message quinces again\n`))
    const one = yield* it.run("sessions", "search", "-a", "--limit", "1", "quinces")
    assert.lengthOf(one.stdout.match(/^ses_/gm) ?? [], 1)
    const hits = decode((yield* it.run("sessions", "search", "quinces", "-f", "json")).stdout)
    assert.deepStrictEqual(hits[0]?.snippet[1], { text: "quinces", match: true })
    const none = yield* it.run("sessions", "search", "medlars", "AND", '"')
    assert.deepStrictEqual([none.code, none.stdout], [0, ""])
    assert.include(none.stderr, 'contains all of these words in one place: medlars AND "; --all searches')
    const empty = yield* it.run("sessions", "search", "?!")
    assert.strictEqual(empty.code, 2)
    assert.include(empty.stderr, "A search needs at least one word")
  })
)
