import { symlinkSync } from "node:fs"
import { join } from "node:path"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { encode, place } from "../files/place.ts"
import type { Case } from "../suite.ts"
import { swapping } from "../support/swap.ts"
import { inside, secret, secretName, surround } from "./outside.ts"
import { session } from "./ways.ts"

/** How often each way is tried while the directory is being swapped. */
const times = 120

/** All calls differ, because a round ends when the same call is repeated too often. */
const calls = [
  ...Array.from("SECRTOUDInsid.o", (query, i) => [
    ["read_file", { path: "d/a.md", limit: i + 1 }] as const,
    ["search_files", { path: "d", query }] as const
  ]).flat(),
  ...[{ path: "d" }, { path: "./d" }, { path: "d", recursive: true }].map((input) => ["list_files", input] as const)
]

/** The directory that all ways read is continuously swapped for a link that leads out, and back. */
export const race: Case = {
  id: "X19",
  name: "swapped for a link that leads out between the check and the read",
  needs: ["linux"],
  run: Effect.gen(function* () {
    const here = yield* place
    surround(here)
    here.put("d/a.md", inside)
    here.put("d/AGENTS.md", inside)
    here.put("d/CLAUDE.md", `${inside} For d.`)
    symlinkSync("../ws-evil/d", join(here.workspace, "trap"))
    here.include(["d/a.md", "d/*.md"])
    const built: Array<string> = []
    const read: Array<string> = []
    yield* Effect.gen(function* () {
      yield* swapping(here.workspace)
      const { preview } = yield* session(here)
      for (let i = 0; i < times; i++) {
        here.put(".parley/prompt.json", encode(i % 2 === 0 ? {} : { instructions: { file: "d/a.md" } }))
        built.push(yield* preview("@d/a.md @d/AGENTS.md @d/ @d/a.md#L1 @d"))
      }
      here.put(".parley/prompt.json", "{}")
      for (let i = 0; i < times / 4; i++) {
        const { send } = yield* session(here, calls)
        read.push(yield* send("What do you see?"))
      }
    }).pipe(Effect.scoped)
    for (const [text, way] of [
      [built.join("\n"), "the context"],
      [read.join("\n"), "the tools"]
    ] as const) {
      assert.isTrue(text.includes(inside), `${way}: nothing was read, so nothing is shown by that`)
      assert.match(text, /leads out/, `${way}: no swap was met, so nothing is shown by that`)
      assert.isFalse(text.includes(secret), `${way} holds what a file outside holds`)
      assert.isFalse(text.includes(secretName), `${way} holds what a file outside is called`)
    }
  })
}
