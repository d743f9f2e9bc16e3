import { assert, it } from "@effect/vitest"
import { describe as told } from "../src/Lease.ts"

it("the description of a lease's holder has its process, machine and time", () => {
  const since = 1_767_225_600_000
  const holder = { pid: 12, host: "ada", since }
  assert.match(told(holder, "ada"), /^process 12 on this machine since \d\d:\d\d$/)
  assert.strictEqual(told(holder, "bob"), told(holder, "ada").replace("this machine", "ada"))
  const later = (millis: number) => told({ ...holder, since: since + millis }, "ada")
  assert.strictEqual(later(59_999), later(0), "to the minute")
  assert.notStrictEqual(later(60_000), later(0))
})
