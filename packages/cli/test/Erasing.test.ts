import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { place } from "./support/Cli.ts"

it.live("no file of the data directory contains text of a deleted session, and other sessions stay", () =>
  Effect.gen(function* () {
    const here = yield* place
    for (let i = 0; i < 600; i++) here.write(`${i}-SECRET-WORDS-${"x".repeat(180)}`, "")
    const run = yield* here.run(["run", "List the files here"])
    assert.strictEqual(run.code, 0, run.stderr)
    const id = /session (\S+)/.exec(run.stderr)?.[1] ?? ""
    const other = yield* here.run(["run", "OTHER-WORDS"])
    const otherId = /session (\S+)/.exec(other.stderr)?.[1] ?? ""
    const data = join(here.home, ".local/share/parley")
    const holding = () =>
      readdirSync(data, { recursive: true, encoding: "utf8" }).filter((name) => {
        const path = join(data, name)
        return statSync(path).isFile() && readFileSync(path).includes("SECRET-WORDS")
      })
    assert.isTrue(
      holding().some((name) => name.startsWith("results/")),
      String(holding())
    )
    assert.isTrue(holding().includes("parley.db"))
    const deleted = yield* here.run(["sessions", "delete", id])
    assert.strictEqual(deleted.code, 0, deleted.stderr)
    assert.deepStrictEqual(holding(), [])
    assert.isTrue(existsSync(join(data, "parley.db")))
    assert.include((yield* here.run(["sessions", "show", otherId])).stdout, "OTHER-WORDS")
  })
)
