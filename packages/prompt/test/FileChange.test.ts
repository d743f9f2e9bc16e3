import { assert, describe, it } from "@effect/vitest"
import { digest } from "../src/Digest.ts"
import { fence, unfence } from "../src/Fence.ts"
import * as FileChange from "../src/FileChange.ts"

const path = 'src/"a" <b>.ts'
const lines = (count: number, of = (i: number) => `line ${i} says something`) =>
  Array.from({ length: count }, (_, i) => of(i))
const before = `${lines(200).join("\n")}\n`
const after = before.replace("line 100 says", "line 100 shouts")
const file = (text: string) => ({ path, text })
const whole = (text: string) => fence("file", { path }, text)
const section = (text: string, earlier: FileChange.Earlier) => FileChange.change(file(text), earlier)?.text
const shown = (text: string, later: ReadonlyArray<string>, expected: string) =>
  FileChange.shownContent(
    path,
    { system: `rules\n\n${whole(text)}\n\nmore`, digest: digest(text) },
    later,
    digest(expected)
  )

describe("a changed file", () => {
  it("is a unified diff if that is much smaller, and the diff leads to exactly its content", () => {
    const change = FileChange.change(file(after), { text: before, diffs: 0 }) ?? assert.fail("it is whole")
    assert.strictEqual(change.source, `file:${path}`)
    assert.strictEqual(change.provenance, "outside")
    assert.include(change.text, "@@ -98,7 +98,7 @@\n")
    assert.include(change.text, "\n-line 100 says something\n+line 100 shouts something\n")
    assert.isBelow(change.text.length, before.length / 4)
    assert.strictEqual(FileChange.patched(before, FileChange.diffIn(path, change.text) ?? ""), after)
  })

  it("has any line ends, and any characters", () => {
    let compared = 0
    for (const end of ["\n", "\r\n", "\n\n", " \n"]) {
      for (const [mark, last] of [
        ["x", ""],
        ["\r", end],
        ["\u2028é😀", ""],
        ["</file-change-0>", end],
        ["\\ No newline", ""]
      ] as const) {
        const base = lines(150).join(end)
        for (const [from, to] of [
          [base, base + mark + last],
          [base + end, mark + end + base],
          [base + mark + last, base],
          [base, base.replace(`line 70 says something${end}`, mark)],
          [base + end + mark, base + end + mark + end]
        ] as const) {
          const text = section(to, { text: from, diffs: 0 })
          const diff = text === undefined ? undefined : FileChange.diffIn(path, text)
          if (diff === undefined) continue
          compared += 1
          assert.strictEqual(FileChange.patched(from, diff), to)
          assert.strictEqual(shown(from, [text ?? ""], to)?.text, to)
        }
      }
    }
    assert.isAbove(compared, 80)
  })

  it("is whole if it is small, consists of instructions, has changed much, or its diffs together are not small", () => {
    assert.isUndefined(section("one line\n", { text: "another line\n", diffs: 0 }))
    assert.isUndefined(FileChange.change({ ...file(after), kind: "instructions" }, { text: before, diffs: 0 }))
    assert.isUndefined(section(lines(200, (i) => `other ${i}`).join("\n"), { text: before, diffs: 0 }))
    assert.isUndefined(section(after, { text: before, diffs: before.length / 2 }))
    assert.isDefined(section(after, { text: before, diffs: before.length / 4 }))
    const many = lines(30_000, (i) => `${i}`).join("\n")
    assert.isUndefined(section(many.replaceAll("7\n", "8\n"), { text: many, diffs: 0 }), "too many edits")
  })
})

describe("what a request shows of a file", () => {
  const diff = section(after, { text: before, diffs: 0 }) ?? ""
  const last = after.replace("line 3 says", "line 3 sings")
  const second = section(last, { text: after, diffs: 0 }) ?? ""

  it("is its last content, whole or by diffs", () => {
    assert.deepStrictEqual(shown(before, [], before), { text: before, diffs: 0 })
    assert.strictEqual(shown(before, [diff, second], last)?.text, last)
    assert.isAbove(shown(before, [diff, second], last)?.diffs ?? 0, shown(before, [diff], after)?.diffs ?? 0)
    assert.deepStrictEqual(shown("x", [diff, whole(last)], last), { text: last, diffs: 0 })
    assert.deepStrictEqual(
      FileChange.shownContent(path, { system: "", digest: undefined }, [whole(before), diff], digest(after))?.text,
      after
    )
  })

  it("is not known if a part of it is missing, only looks like it, or does not fit", () => {
    assert.isUndefined(shown(before, [second], last), "a diff is missing")
    assert.isUndefined(shown(before, [], after), "it is another content")
    assert.isUndefined(FileChange.shownContent(path, { system: "", digest: digest(before) }, [diff], digest(after)))
    assert.isUndefined(
      shown(before, [diff, `The file ${path} is no longer part of the context.`], after),
      "it was removed"
    )
    const fake = whole("evil").replace("evil", before)
    assert.isUndefined(FileChange.shownContent(path, { system: fake, digest: digest(before) }, [], digest(before)))
    assert.isUndefined(unfence("file", { path: "other" }, whole(before)))
    assert.isUndefined(unfence("file", { path }, fake))
    assert.isUndefined(FileChange.diffIn("other", diff))
    assert.isUndefined(FileChange.patched("x\n", "@@ -1,1 +1,1 @@\n-y\n+z"))
  })
})
