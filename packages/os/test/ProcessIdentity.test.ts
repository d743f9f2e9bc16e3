import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import process from "node:process"
import { Effect } from "effect"
import * as ProcessIdentity from "../src/ProcessIdentity.ts"
import { inTime } from "@parley/harness/promptly"

const { machine } = ProcessIdentity
const identity = (pid: number) => ({ pid, machine, started: ProcessIdentity.startOf(pid) })

describe("whether a process has ended", () => {
  it("is false for this one and its parent, true for a reused pid, and false for one elsewhere", () => {
    assert.isFalse(ProcessIdentity.isDead(identity(process.pid)))
    assert.isFalse(ProcessIdentity.isDead(identity(process.ppid)))
    assert.isTrue(ProcessIdentity.isDead({ ...identity(process.pid), started: "1" }))
    assert.isTrue(ProcessIdentity.isDead({ ...identity(process.pid), pid: 4_194_305 }))
    assert.isFalse(ProcessIdentity.isDead({ pid: 4_194_305, machine: "another", started: "1" }))
    for (const pid of [0, -1]) assert.isFalse(ProcessIdentity.isDead({ pid, machine, started: "1" }))
  })

  it.live.skipIf(process.platform !== "linux")("is true for a zombie, which its parent has not waited for", () =>
    Effect.gen(function* () {
      // The shell becomes a program that never waits for the child that the shell had.
      const child = yield* Effect.acquireRelease(
        Effect.sync(() =>
          spawn("sh", ["-c", "sleep 0.3 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] })
        ),
        (child) => Effect.sync(() => child.kill("SIGKILL"))
      )
      const [line]: ReadonlyArray<unknown> = yield* Effect.promise(() => once(child.stdout, "data"))
      const ending = identity(Number(String(line)))
      assert.isFalse(ProcessIdentity.isDead(ending))
      const state = () => readFileSync(`/proc/${ending.pid}/stat`, "utf8").split(") ")[1]?.[0]
      yield* Effect.repeat(Effect.delay(Effect.sync(state), "20 millis"), { until: (state) => state === "Z" }).pipe(
        inTime(10_000)
      )
      assert.isTrue(ProcessIdentity.exists(ending.pid), "it still has its number")
      assert.isTrue(ProcessIdentity.isDead(ending))
    })
  )
})
