import { assert, it } from "@effect/vitest"
import { isPath, isWhole, resolveIn } from "../src/transport/ServerPlace.ts"

it("a command with a slash is a path, and any other command is searched for in PATH", () => {
  for (const command of ["./run", "bin/run", "/usr/bin/node", "../run"]) assert.isTrue(isPath(command), command)
  for (const command of ["node", "npx", ".", "a.b"]) assert.isFalse(isPath(command), command)
  assert.deepStrictEqual(["/usr/bin/node", "bin/run", "run"].map(isWhole), [true, false, false])
  assert.strictEqual(resolveIn("/work", "../a"), "/a")
  assert.strictEqual(resolveIn("/work", "/a"), "/a")
})
