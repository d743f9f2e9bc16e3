import { assert, describe, it } from "@effect/vitest"
import * as Http from "@parley/http/Http"
import { type Duration, Effect, Fiber, Option, Result, Stream } from "effect"
import * as TestClock from "effect/testing/TestClock"
import { setImmediate } from "node:timers/promises"
import type { Setup } from "../src/configuration/Setup.ts"
import { discover } from "../src/engine/Discovery.ts"

type Configured = Setup["providers"][number]
/** Lets everything proceed that waits for no clock. */
const settled = Effect.replicateEffect(
  Effect.promise(() => setImmediate()),
  10,
  { discard: true }
)

/** A provider whose server lists its models after some time. */
const answering = (id: string, after: Duration.Input): Configured => ({
  id,
  isConfigured: true,
  keyVariable: undefined,
  load: () =>
    Promise.resolve({
      id,
      models: [],
      describe: (model) => ({ ref: { provider: id, model }, description: "" }),
      stream: () => Stream.empty,
      discover: Effect.delay(Effect.succeed([{ name: `${id}-1` }]), after)
    })
})

const setup = {
  providers: [answering("quick", "0 seconds"), answering("slow", "9 seconds"), answering("silent", "1 hour")],
  user: { configFile: "config.json" }
}

const asked = (names: ReadonlyArray<string>) =>
  discover(setup, names).pipe(Effect.provideService(Http.Client, Http.make()))

describe("discovering models", () => {
  it.effect("waits ten seconds for each server, and asks all of them at the same time", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(asked([]), { startImmediately: true })
      yield* settled
      yield* TestClock.adjust("9900 millis")
      yield* settled
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("100 millis")
      yield* settled
      assert.isDefined(fiber.pollUnsafe())
      assert.deepStrictEqual(yield* Fiber.join(fiber), [
        { provider: "quick", models: Result.succeed([{ name: "quick-1" }]) },
        { provider: "slow", models: Result.succeed([{ name: "slow-1" }]) },
        { provider: "silent", models: Result.fail(Option.none()) }
      ])
    })
  )

  it.effect("asks only the providers that are named, and refuses one that cannot be asked", () =>
    Effect.gen(function* () {
      const [found, ...others] = yield* asked(["quick"])
      assert.strictEqual(found?.provider, "quick")
      assert.isEmpty(others)
      const error = yield* Effect.flip(asked(["quick", "none"]))
      assert.strictEqual(error.message, "none cannot be asked for its models; those that can: quick, slow, silent")
    })
  )
})
