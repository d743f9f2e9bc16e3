import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { here } from "./support/InProcess.ts"

/** A home with three sessions in the workspace, and their ids, the latest first. */
const three = Effect.gen(function* () {
  const it = yield* here
  for (const words of ["apples", "pears", "plums"]) yield* it.run("run", words)
  const { stdout } = yield* it.run("sessions", "list")
  const ids = stdout.match(/^ses_\w+/gm) ?? []
  const titles = (...flags: ReadonlyArray<string>) =>
    Effect.map(it.run("sessions", "list", ...flags), (ended) =>
      ended.stdout
        .trimEnd()
        .split("\n")
        .map((line) => line.replace(/^\S+ {2}\S+ \S+ {2}\S+ \S+ +/, ""))
    )
  return { it, ids, titles }
})

describe("what the user notes about sessions", () => {
  it.live("orders the list: pinned sessions first, archived ones only when they are asked for", () =>
    Effect.gen(function* () {
      const { ids, it, titles } = yield* three
      const [plums = "", pears = "", apples = ""] = ids
      assert.deepStrictEqual(yield* titles(), ["plums", "pears", "apples"])
      assert.strictEqual((yield* it.run("sessions", "pin", apples)).code, 0)
      const archived = yield* it.run("sessions", "archive", pears)
      assert.include(archived.stderr, "`parley sessions list --archived` shows it")
      assert.deepStrictEqual(yield* titles(), ["apples  (pinned)", "plums"])
      assert.deepStrictEqual(yield* titles("--archived"), ["apples  (pinned)", "plums", "pears  (archived)"])
      assert.lengthOf(yield* titles("--all"), 3)
      yield* it.run("sessions", "unpin", apples)
      yield* it.run("sessions", "unarchive", pears)
      yield* it.run("sessions", "archive", plums)
      assert.deepStrictEqual(yield* titles(), ["pears", "apples"])
      const again = yield* it.run("run", "--continue", "more")
      assert.include(again.stderr, `session ${pears}`)
    })
  )

  it.live("renames and tags, and says what is not valid", () =>
    Effect.gen(function* () {
      const { ids, it, titles } = yield* three
      const [plums = "", pears = "", apples = ""] = ids
      assert.include((yield* it.run("sessions", "rename", plums, "Ripe", "plums")).stderr, "is now called: Ripe plums")
      yield* it.run("sessions", "tag", plums, "fruit", "blue")
      yield* it.run("sessions", "tag", pears, "fruit")
      assert.deepStrictEqual(yield* titles("--tag", "fruit"), ["Ripe plums  #blue  #fruit", "pears  #fruit"])
      assert.include((yield* it.run("sessions", "untag", pears, "fruit")).stderr, `Session ${pears} has no tags`)
      assert.deepStrictEqual(yield* titles("--tag", "fruit"), ["Ripe plums  #blue  #fruit"])
      yield* it.run("sessions", "archive", plums)
      const none = yield* it.run("sessions", "list", "--tag", "fruit")
      assert.include(none.stderr, "No sessions with the tag fruit in ")
      assert.include(none.stderr, "except archived ones, which --archived shows, too")
      for (const args of [
        ["rename", apples, " "],
        ["tag", apples, "two words"]
      ]) {
        const refused = yield* it.run("sessions", ...args)
        assert.strictEqual(refused.code, 2)
        assert.match(refused.stderr, /needs at least one visible character|"two words" is not a tag/)
      }
    })
  )

  it.live("a beginning of an id is enough, and one that fits several names them", () =>
    Effect.gen(function* () {
      const { ids, it } = yield* three
      const [plums = "", , apples = ""] = ids
      const short = plums.slice(0, -6)
      for (const id of [short, short.slice("ses_".length)]) {
        assert.include((yield* it.run("sessions", "show", id)).stdout, plums)
        assert.include((yield* it.run("run", "-s", id, "more")).stderr, `session ${plums}`)
        assert.strictEqual((yield* it.run("context", "-s", id)).code, 0)
        assert.strictEqual((yield* it.run("sessions", "pins", id)).code, 0)
      }
      for (const args of [
        ["sessions", "delete", "ses_"],
        ["run", "-s", "ses", "more"],
        ["sessions", "pins", "s"]
      ]) {
        const several = yield* it.run(...args)
        assert.strictEqual(several.code, 2)
        assert.include(several.stderr, "More than one session has an id that begins with")
        assert.include(several.stderr, `${apples}  apples`)
      }
      assert.lengthOf((yield* it.run("sessions", "list")).stdout.trimEnd().split("\n"), 3)
    })
  )
})
