import { assert } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import type { Reply } from "../../packages/harness/src/provider/SseServer.ts"
import { ping, sse } from "../../packages/harness/src/provider/wire.ts"
import { failed, said, variant, variants } from "./kit.ts"
import { afterHeaders, sentUpTo, withContent } from "./phases.ts"
import { inTime, promptly } from "../../packages/harness/src/time/promptly.ts"

const silence = { firstChunkMillis: 300, idleMillis: 300, turnMillis: 120_000 }
/** Allowed delay in milliseconds. A stall is detected up to an eighth of the limit late; the rest is for busy machines. */
const soon = 5000

const kinds: ReadonlyArray<readonly [name: string, drip: Reply["drip"]]> = [
  ["silent", undefined],
  ["pings only", { piece: sse(ping), millis: 20 }],
  ["byte by byte", { piece: "d", millis: 20 }]
]

/** Keep-alive data is not progress. Only content of the response is. */
const stalled = variants(
  "P07",
  [afterHeaders, ...withContent].flatMap((phase) =>
    kinds.map(([kind, drip]) => [`${kind} ${phase.name}`, { phase, drip }] as const)
  ),
  ({ drip, phase }) => ({
    replies: [
      {
        body: phase.events.length === 0 ? [] : [sentUpTo(phase)],
        last: "hang",
        ...(drip === undefined ? {} : { drip })
      }
    ],
    limits: silence,
    // The client closes the connection instead of leaving that to the server.
    meanwhile: (server) =>
      Deferred.await(server.hanging).pipe(
        Effect.andThen(Effect.suspend(() => Deferred.await(server.received[0]!.closed))),
        inTime(soon)
      ),
    look: (seen) => {
      failed("Stalled")(seen)
      assert.strictEqual(said(seen.turns[0]), phase.kept)
      assert.include(seen.error?.message, phase.events.length === 0 ? "no answer within 0.3 s" : "silent for 0.3 s")
      assert.isEmpty(seen.ran)
      assert.isAtLeast(seen.millis, 300)
      promptly(seen.millis, soon)
    }
  })
)

const slow = [
  variant("P08", "no headers within the limit for the first piece", {
    replies: [{ mute: true, last: "hang" }],
    limits: { firstChunkMillis: 300, idleMillis: 120_000 },
    look: (seen) => {
      failed("Stalled")(seen)
      assert.isAtLeast(seen.millis, 300)
      promptly(seen.millis, soon)
    }
  }),
  variant("P08", "cancelled while nothing has come", {
    replies: [{ mute: true, last: "hang" }],
    limits: { firstChunkMillis: 120_000, idleMillis: 300 },
    meanwhile: (server, { coordinator }, id) => Effect.andThen(Deferred.await(server.hanging), coordinator.cancel(id)),
    look: ({ error, millis, round, turns }) => {
      assert.isUndefined(error)
      assert.strictEqual(round.status, "cancelled")
      assert.strictEqual(turns[0]?.status, "interrupted")
      promptly(millis, soon)
    }
  })
]

export const stall = [...stalled, ...slow]
