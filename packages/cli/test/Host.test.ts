import { assert, it } from "@effect/vitest"
import { join } from "node:path"
import process from "node:process"
import * as ProcessInfo from "../src/process/ProcessInfo.ts"

it("a relative command has a slash and is not absolute; a word is here if the path exists", () => {
  for (const [command, relative] of [
    ["./x", true],
    ["bin/x", true],
    ["x", false],
    ["/bin/x", false]
  ] as const)
    assert.strictEqual(ProcessInfo.isRelativePath(command), relative, command)
  assert.isTrue(ProcessInfo.isHere("package.json") && ProcessInfo.isHere("."))
  for (const word of ["", "no-such-file-here", process.cwd()]) assert.isFalse(ProcessInfo.isHere(word), word)
  assert.strictEqual(ProcessInfo.absolute("a"), join(process.cwd(), "a"))
  assert.strictEqual(ProcessInfo.place(), process.cwd())
  assert.strictEqual(ProcessInfo.place("/x/../y"), "/y")
  assert.isTrue(ProcessInfo.isThere(process.cwd()) && !ProcessInfo.isThere("/no/such/place"))
})
