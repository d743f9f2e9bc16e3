import { statSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { Case } from "../suite.ts"
import { all, answer, close, delta, open, sse, start, stop, toolUse } from "../../packages/harness/src/provider/wire.ts"
import { blocksSent, completed, failed, play, results, type Seen, said, variant } from "./kit.ts"

const MB = 1024 * 1024
const done = { body: [answer("Done.")] }

/** The peak memory of this process while an effect runs, in bytes above that before. */
const peak = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const before = process.memoryUsage().rss
    let most = before
    const look = Effect.forever(
      Effect.delay(
        Effect.sync(() => {
          most = Math.max(most, process.memoryUsage().rss)
        }),
        "10 millis"
      )
    )
    yield* Effect.raceFirst(effect, look)
    return most - before
  })

const stored = ({ home }: Seen): number =>
  ["parley.db", "parley.db-wal"].reduce(
    (sum, name) => sum + (statSync(join(home.data, name), { throwIfNoEntry: false })?.size ?? 0),
    0
  )

/** A call whose input is a string of `size` characters, in pieces. */
const huge = (size: number): ReadonlyArray<string> => {
  const piece = sse(delta(0, { type: "input_json_delta", partial_json: "x".repeat(64 * 1024) }))
  return [
    all(start(), open(0, { type: "tool_use", id: "toolu_1", name: "echo", input: {} })),
    sse(delta(0, { type: "input_json_delta", partial_json: '{"a":"' })),
    ...Array.from({ length: size / (64 * 1024) }, () => piece),
    sse(delta(0, { type: "input_json_delta", partial_json: '"}' })) + all(close(0), ...stop("tool_use"))
  ]
}

/** Input is read up to its bound. A call with more is not run and its input is not sent back, and the round continues. */
const inputs = [1, 10, 100].map((size): Case => ({
  id: "P25",
  name: `${size} MB`,
  run: Effect.gen(function* () {
    const grown = yield* peak(
      play({
        replies: [{ body: huge(size * MB) }, done],
        limits: { turnMillis: 120_000 },
        look: (seen) => {
          completed("completed", "completed")(seen)
          assert.isEmpty(seen.ran)
          assert.match(
            results(seen.turns[0])[0] ?? "",
            /^Failed: The input is larger than 1048576 bytes; nothing was run/
          )
          assert.strictEqual(seen.turns[0]?.toolCalls[0]?.input.length, MB + 1)
          assert.deepStrictEqual(blocksSent(seen.received[1], "assistant")[0]?.["input"], {})
          assert.isAtMost(seen.received[1]?.body.length ?? 0, 10_000)
          assert.isAtMost(stored(seen), 8 * MB)
        }
      })
    )
    assert.isAtMost(grown, 250 * MB)
  })
}))

const thousand = sse(delta(0, { type: "text_delta", text: "word " })).repeat(1000)

const many = variant("P33", "100,000 chunks", {
  replies: [
    {
      body: [
        all(start(), open(0, { type: "text", text: "" })),
        ...Array.from({ length: 100 }, () => thousand),
        all(close(0), ...stop("end_turn"))
      ]
    }
  ],
  limits: { turnMillis: 120_000 },
  look: (seen) => {
    completed("completed")(seen)
    assert.strictEqual(said(seen.turns[0]), "word ".repeat(100_000))
    assert.isEmpty(seen.log.filter(({ event }) => event._tag === "TurnDelta"))
    // Half a megabyte of text is stored as deltas of the open turn, as its end, and in the write-ahead log.
    assert.isAtMost(stored(seen), 16 * MB)
  }
})

/** One event that is too large for any later request: it is not read to its end. */
const one: Case = {
  id: "P33",
  name: "one chunk of 50 MB",
  run: Effect.gen(function* () {
    const letters = "y".repeat(50 * MB)
    const grown = yield* peak(
      play({
        replies: [
          {
            body: [
              all(start(), open(0, { type: "text", text: "" })),
              sse(delta(0, { type: "text_delta", text: letters }))
            ]
          }
        ],
        limits: { turnMillis: 120_000 },
        look: (seen) => {
          failed("StreamBroken")(seen)
          assert.include(seen.error?.message, "an event is larger than 16777216 characters")
          assert.isAtMost(stored(seen), MB)
        }
      })
    )
    assert.isAtMost(grown, 400 * MB)
  })
}

const calls = 300
const crowd = variant("P34", "all are answered, in order, a few at a time", {
  replies: [
    {
      body: [
        all(
          start(),
          ...Array.from({ length: calls }, (_, i) => toolUse(i, "echo", `{"n":${i}}`)).flat(),
          ...stop("tool_use")
        )
      ]
    },
    done
  ],
  limits: { turnMillis: 120_000, toolConcurrency: 8 },
  look: (seen) => {
    completed("completed", "completed")(seen)
    const numbers = Array.from({ length: calls }, (_, i) => `{"n":${i}}`)
    assert.deepStrictEqual(seen.ran.map((input) => JSON.stringify(input)).sort(), [...numbers].sort())
    const answers = blocksSent(seen.received[1], "user").filter(({ type }) => type === "tool_result")
    assert.deepStrictEqual(
      answers.map((block) => block["content"]),
      numbers.map((text) => [{ type: "text", text }])
    )
    let running = 0
    let most = 0
    for (const { event } of seen.log) {
      if (event._tag === "ToolStarted") most = Math.max(most, ++running)
      if (event._tag === "ToolSettled") running--
    }
    assert.isAtMost(most, 8)
    assert.isAbove(most, 1)
  }
})

export const sizes = [...inputs, many, one, crowd]
