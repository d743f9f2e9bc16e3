import { assert } from "@effect/vitest"
import type { Reply } from "../../packages/harness/src/provider/SseServer.ts"
import { answer, sse } from "../../packages/harness/src/provider/wire.ts"
import { completed, said, type Seen, variant, variants } from "./kit.ts"
import { afterHeaders, afterStart, type Phase, sentUpTo, withContent } from "./phases.ts"

const whole = "Whole at last."

/**
 * Every attempt but the last is a failed turn that keeps the received content, runs no tool and is not part of any request.
 * All attempts send the same request.
 */
const triedAgain =
  (phase: Phase, ...reasons: ReadonlyArray<string>) =>
  (seen: Seen): void => {
    const { ran, received, turns } = seen
    completed(...reasons.map((reason) => `failed: ${reason}`), "completed")(seen)
    for (const turn of turns.slice(0, -1)) {
      assert.isTrue(phase.kept.startsWith(said(turn)), `kept ${said(turn)}`)
      assert.isUndefined(turn.stop)
      assert.isEmpty(turn.toolCalls, "a call of a turn that failed is no call")
    }
    assert.strictEqual(said(turns.at(-1)), whole)
    assert.isEmpty(ran)
    assert.strictEqual(new Set(received.map(({ body }) => body)).size, 1, "the same request again")
  }

const types = [
  ["overloaded_error", "Overloaded"],
  ["api_error", "Overloaded"],
  ["rate_limit_error", "RateLimited"],
  ["a_brand_new_error", "StreamBroken"]
] as const
const phases = [{ ...afterHeaders, name: "as the first event" }, afterStart, ...withContent]

/** An error event arrives with status 200. The error in the event counts. */
const inStream = variants(
  "P05",
  phases.flatMap((phase) => types.map(([type, reason]) => [`${type} ${phase.name}`, { phase, reason, type }] as const)),
  ({ phase, reason, type }) => ({
    replies: [
      { body: [sentUpTo(phase) + sse({ type: "error", error: { type, message: "scripted" } })] },
      { body: [answer(whole)] }
    ],
    limits: { retries: 1 },
    look: (seen) => {
      triedAgain(phase, reason)(seen)
      assert.strictEqual(said(seen.turns[0]), phase.kept)
      assert.include(seen.turns[0]?.failure?.message, type)
    }
  })
)

/** RST, FIN within the body, and a body that ends properly before the message is complete. */
const ends = ["reset", "fin", "end"] as const

const cut = [
  variant("P06", "before the headers: RST, FIN", {
    replies: [{ mute: true, last: "reset" }, { mute: true, last: "fin" }, { body: [answer(whole)] }],
    limits: { retries: 2 },
    look: triedAgain(afterHeaders, "Unreachable", "Unreachable")
  }),
  ...variants(
    "P06",
    [afterHeaders, ...withContent].map((phase) => [`${phase.name}: RST, FIN, end`, phase] as const),
    (phase) => ({
      replies: [
        ...ends.map((last): Reply => ({ body: phase.events.length === 0 ? [] : [sentUpTo(phase)], last })),
        { body: [answer(whole)] }
      ],
      limits: { retries: 3 },
      look: triedAgain(phase, "StreamBroken", "StreamBroken", "StreamBroken")
    })
  )
]

export const broken = [...inStream, ...cut]
