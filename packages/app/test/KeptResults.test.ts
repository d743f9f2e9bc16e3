import { assert, it } from "@effect/vitest"
import { CallId } from "@parley/domain/Ids"
import type { LogEntry, SessionEvent } from "@parley/domain/SessionEvent"
import { Effect } from "effect"
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as KeptResults from "../src/sessions/KeptResults.ts"

const nameOf = (digit: string, ending = "txt") => `result-${digit.repeat(32)}.${ending}`

type Outcome = Extract<SessionEvent, { readonly _tag: "ToolSettled" }>["outcome"]
const settled = (seq: number, outcome: Outcome): LogEntry => ({
  seq,
  at: 0,
  event: { _tag: "ToolSettled", callId: CallId.make(`c${seq}`), outcome }
})

it("the names of kept tool results are found in a session, each once", () => {
  const words = `kept in /state/results/${nameOf("a")} and ${nameOf("b", "json")}`
  const entries = [
    settled(1, { _tag: "Succeeded", content: [{ _tag: "Text", text: words }] }),
    settled(2, { _tag: "Failed", content: [{ _tag: "Text", text: `again ${nameOf("a")}` }] }),
    settled(3, {
      _tag: "Succeeded",
      content: [{ _tag: "Text", text: `${nameOf("c").slice(0, 30)}.txt x${nameOf("d")} ../${nameOf("g")}` }]
    })
  ]
  assert.deepStrictEqual(KeptResults.namesIn(entries), [nameOf("a"), nameOf("b", "json")])
})

it.effect("kept results are removed, and a missing file does not prevent the removal of others", () =>
  Effect.gen(function* () {
    const directory = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "parley-results-"))),
      (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
    )
    for (const name of [nameOf("b"), nameOf("c"), "other.txt"]) writeFileSync(join(directory, name), "x")
    yield* KeptResults.remove(directory, [nameOf("a"), nameOf("b"), nameOf("c")])
    assert.deepStrictEqual(readdirSync(directory), ["other.txt"])
  })
)
