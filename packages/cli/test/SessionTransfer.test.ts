import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { here } from "./support/InProcess.ts"

it.live("a session is exported in three forms, and its JSON lines are imported and continued", () =>
  Effect.gen(function* () {
    const it = yield* here
    yield* it.run("run", "List the files here")
    const file = (name: string) => join(it.workspace, "..", name)
    const [id = ""] = (yield* it.run("sessions", "list")).stdout.match(/^ses_\w+/) ?? []
    const page = yield* it.run("sessions", "export", id, "-f", "html", "-o", file("a.html"))
    assert.include(page.stderr, `Exported to ${file("a.html")}`)
    assert.match(readFileSync(file("a.html"), "utf8"), /^<!doctype html>[^]*List the files here/)
    assert.strictEqual(statSync(file("a.html")).mode & 0o777, 0o600)
    const again = yield* it.run("sessions", "export", id, "-f", "html", "-o", file("a.html"))
    assert.strictEqual(again.code, 2)
    assert.include(again.stderr, "an export never replaces a file")
    assert.match((yield* it.run("sessions", "export", id)).stdout, /^# List the files here\n\n- Session: ses/)
    yield* it.run("sessions", "export", id, "-f", "jsonl", "-o", file("a.jsonl"))
    const lines = readFileSync(file("a.jsonl"), "utf8")
    assert.strictEqual((yield* it.run("sessions", "export", id, "-f", "jsonl")).stdout, lines)
    const imported = yield* it.run("sessions", "import", file("a.jsonl"))
    const copy = imported.stdout.trim()
    assert.include(
      imported.stderr,
      `Imported 1 round of parley: List the files here. To continue: parley run -s ${copy}`
    )
    const shown = (stdout: string) => stdout.split("\n").slice(1).join("\n")
    const [before, after] = [yield* it.run("sessions", "show", id), yield* it.run("sessions", "show", copy)]
    assert.strictEqual(shown(after.stdout), shown(before.stdout))
    assert.strictEqual((yield* it.run("run", "-s", copy, "hello")).code, 0)
    assert.include((yield* it.run("sessions", "list")).stdout, "2 rounds")
  })
)

it.live("a session of another program is imported and continued, and what is left out is listed", () =>
  Effect.gen(function* () {
    const it = yield* here
    const file = join(it.workspace, "../theirs.jsonl")
    const base = { sessionId: "s", timestamp: "2026-01-20T11:57:17.716Z", isSidechain: false }
    const call = { type: "tool_use", id: "toolu_1", name: "Read", input: { file_path: "a" } }
    const records = [
      { ...base, type: "user", uuid: "u", parentUuid: null, message: { role: "user", content: "Read quince.txt" } },
      {
        ...base,
        type: "assistant",
        uuid: "a",
        parentUuid: "u",
        message: { model: "claude-x", id: "m", content: [call] }
      },
      { ...base, type: "hologram", uuid: "h", parentUuid: "a" }
    ]
    writeFileSync(file, records.map((record) => JSON.stringify(record)).join("\n"))
    const imported = yield* it.run("sessions", "import", file)
    assert.strictEqual(imported.code, 0, imported.stderr)
    assert.include(imported.stderr, "  line 3: a record of the unknown kind hologram is left out\n")
    assert.include(imported.stderr, "  call toolu_1 has no result; its outcome is unknown\n")
    const json = yield* it.run("sessions", "import", file, "-f", "json")
    assert.include(json.stdout, '"line":3')
    assert.strictEqual((yield* it.run("run", "-s", imported.stdout.trim(), "hello")).code, 0)
    assert.include((yield* it.run("sessions", "search", "quince")).stdout, "Read quince.txt")
    writeFileSync(file, "nothing")
    const refused = yield* it.run("sessions", "import", file)
    assert.strictEqual(refused.code, 2)
    assert.include(refused.stderr, `it is not a session file of Parley, Claude Code or Codex (JSON lines)`)
    assert.include(refused.stderr, file)
    writeFileSync(file, '{"format":"parley-session"}\n')
    assert.include(
      (yield* it.run("sessions", "import", file)).stderr,
      "line 1: the header is not one that this version"
    )
    assert.include((yield* it.run("sessions", "import", "nowhere")).stderr, "nowhere: there is no such file")
  })
)
