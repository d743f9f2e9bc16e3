// Adds one to a number in a file, under the lock, so many times; or dies while it holds the lock.
import { readFileSync, writeFileSync } from "node:fs"
import { Effect } from "effect"
import { withLockFile } from "../../src/LockFile.ts"

const [lock = "", counter = "", times = ""] = process.argv.slice(2)
const add = Effect.gen(function* () {
  const before = Number(readFileSync(counter, "utf8"))
  yield* Effect.sleep("1 millis")
  if (times === "die") process.kill(process.pid, "SIGKILL")
  writeFileSync(counter, String(before + 1))
})

await Effect.runPromise(
  Effect.replicateEffect(
    withLockFile(lock, { longestHold: "1 minute", unusable: String }, add),
    times === "die" ? 1 : Number(times)
  )
)
