import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { machine } from "../storage/machine.ts"
import type { Case } from "../suite.ts"
import { encode, type Place, place, shows } from "./place.ts"

/** A file is found by its name and by patterns, and the request names it with a path that leads back to it. */
const odd = (name: string, ...files: ReadonlyArray<string>): Case => ({
  id: "F05",
  name,
  run: Effect.gen(function* () {
    const here = yield* place
    const texts = Object.fromEntries(files.map((file, i) => [file, `Text ${i}.`]))
    for (const [file, text] of Object.entries(texts)) here.put(file, text)
    for (const include of [files, ["**/*.md"]]) {
      here.include(include)
      const seen = yield* shows(here, texts)
      for (const file of files) assert.include(seen.sent, encode(encode(file)).slice(3, -3))
    }
    // When the name is shown on a terminal, its special characters are escaped.
    yield* escaped(here, files)
  })
})

const escaped = (here: Place, files: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const there = yield* machine
    execFileSync("cp", ["-a", `${here.workspace}/.`, there.workspace])
    const told = yield* there.parley(["context", "hello"])
    assert.strictEqual(told.code, 0, told.stderr)
    for (const file of files.filter((file) => /[\r\n]/.test(file))) assert.notInclude(told.stdout, file)
    assert.strictEqual(told.stdout.match(/^<file-[0-9a-f]{8} path=/gm)?.length, files.length)
    // oxlint-disable-next-line no-control-regex -- these are what must not be there
    assert.notMatch(told.stdout, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
  })

const invalid: Case = {
  id: "F05",
  name: "bytes that are no UTF-8",
  needs: ["linux"],
  run: Effect.gen(function* () {
    const here = yield* place
    here.put("good.md", "Good.")
    writeFileSync(
      Buffer.concat([Buffer.from(join(here.workspace, "bad")), Buffer.from([0xff, 0x2e, 0x6d, 0x64])]),
      "Bad."
    )
    for (const include of [["*.md"], ["good.md", "bad\uFFFD.md"]]) {
      here.include(include)
      yield* shows(here, { "good.md": "Good." }, { "bad\uFFFD.md": "its name is not valid UTF-8" })
    }
  })
}

export const names: ReadonlyArray<Case> = [
  odd("emoji", "😀.md", "👩‍👩‍👧/🏳️‍🌈.md"),
  { ...odd("composed and decomposed letters, which are two files", "caf\u00e9.md", "cafe\u0301.md"), needs: ["linux"] },
  odd("letters that turn the direction", "\u202egnp.md", "a\u2066b\u2069.md"),
  odd("a new line", "one\ntwo.md", "dir\r\n/a.md"),
  odd("an escape sequence", "\u001b[31mred\u001b[0m.md", "\u001b]0;title\u0007.md", "\u009b2J.md"),
  odd("a dash at its beginning", "-rf.md", "--help/--version.md"),
  odd("255 bytes", `${"x".repeat(252)}.md`, `${"é".repeat(126)}.md`),
  invalid
]
