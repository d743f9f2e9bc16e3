import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { calls, record, replay } from "../recording.ts"

it.effect("a recorded session runs again without its tool, byte for byte", () =>
  Effect.gen(function* () {
    const recording = yield* record
    assert.strictEqual(calls.count, 1)
    const { difference, played, steps, toolCalls } = yield* replay(recording)
    assert.strictEqual(difference, undefined)
    assert.strictEqual(played, steps)
    assert.strictEqual(toolCalls, 1)
    assert.strictEqual(calls.count, 1, "the replay has not called the tool")
  })
)

it.effect("a request that differs from the recorded one is reported", () =>
  Effect.gen(function* () {
    const recording = yield* record
    const { difference } = yield* replay(recording.replace("ticket 2", "ticket 3"))
    assert.include(difference?.expected, "ticket 2")
    assert.include(difference?.received, "ticket 3")
  })
)
