import { assert } from "@effect/vitest"
import type { LogEntry } from "@parley/domain/SessionEvent"
import { DateTime, Effect, Stream } from "effect"
import type { Reply } from "../../packages/harness/src/provider/SseServer.ts"
import { answer, apiError } from "../../packages/harness/src/provider/wire.ts"
import { completed, failed, type Scenario, type Seen, variant, variants } from "./kit.ts"
import { promptly } from "../../packages/harness/src/time/promptly.ts"

const json = { "content-type": "application/json" }
const turnedAway = (headers: Readonly<Record<string, string>> = {}): Reply => ({
  status: 429,
  headers: { ...json, ...headers },
  body: [apiError("rate_limit_error")]
})
const back: Reply = { body: [answer("Back again.")] }
const delays = (log: ReadonlyArray<LogEntry>) =>
  log.flatMap(({ event }) => (event._tag === "RetryScheduled" ? [event.delayMillis] : []))

/** Retried once, after `least` to `most` milliseconds. The delay at the server matches the one announced in the log. */
const retriedAfter =
  (reason: string, least: number, most: number) =>
  (seen: Seen): void => {
    completed(`failed: ${reason}`, "completed")(seen)
    const [wait] = delays(seen.log)
    assert.isAtLeast(wait ?? 0, least)
    assert.isAtMost(wait ?? 0, most)
    const [first, second] = seen.received
    assert.isAtLeast((second?.at ?? 0) - (first?.at ?? 0), least - 2)
    assert.strictEqual(second?.body, first?.body)
  }

const limits = { retries: 1, longestWaitMillis: 1500 }
const absent = { retries: 1, longestWaitMillis: 300 }
const httpDate = (millis: number) => DateTime.toDateUtc(DateTime.makeUnsafe(millis)).toUTCString()
const at = Date.UTC(2026, 0, 1)

/** The wait added to the requested one is random, in the upper half of the base delay, which is 1 s after a 429. */
const rateLimited = variants(
  "P01",
  [
    ["seconds", { headers: { "retry-after": "1" }, limits, look: retriedAfter("RateLimited", 1500, 2000) }],
    [
      "an HTTP date",
      {
        headers: { date: httpDate(at), "retry-after": httpDate(at + 1000) },
        limits,
        look: retriedAfter("RateLimited", 1500, 2000)
      }
    ],
    ["absent", { headers: {}, limits: absent, look: retriedAfter("RateLimited", 150, 300) }],
    [
      "0: waits nevertheless",
      { headers: { "retry-after": "0" }, limits: absent, look: retriedAfter("RateLimited", 150, 300) }
    ],
    [
      "garbage",
      { headers: { "retry-after": "soon, 1e999" }, limits: absent, look: retriedAfter("RateLimited", 150, 300) }
    ]
  ] satisfies ReadonlyArray<
    readonly [string, { readonly headers: Record<string, string> } & Omit<Scenario, "replies">]
  >,
  ({ headers, ...scenario }) => ({ replies: [turnedAway(headers), back], ...scenario })
)

/** A wait above the limit is reported as an error. A shorter wait can be cancelled. */
const tooLong = variant("P01", "1 h: fails without waiting; a wait of 20 s can be cancelled immediately", {
  replies: [turnedAway({ "retry-after": "3600" }), turnedAway({ "retry-after": "20" })],
  messages: ["an hour", "twenty seconds"],
  limits: { retries: 1, longestWaitMillis: 30_000 },
  meanwhile: (_, { coordinator }, id) =>
    coordinator.events(id).pipe(
      Stream.filter(({ event }) => event._tag === "RetryScheduled"),
      Stream.take(1),
      Stream.runDrain,
      Effect.andThen(coordinator.cancel(id))
    ),
  look: ({ error, log, millis, received, rounds }) => {
    const [hour, twenty] = rounds
    assert.strictEqual(hour?.failure?.reason, "RateLimited")
    assert.include(hour?.failure?.message, "asks to wait 3600 s")
    assert.strictEqual(twenty?.status, "cancelled")
    assert.strictEqual(error?.message, undefined)
    assert.lengthOf(delays(log), 1)
    assert.lengthOf(received, 2)
    promptly(millis, 5000)
  }
})

const outOfMoney = (code: string) =>
  JSON.stringify({ type: "error", error: { type: "rate_limit_error", message: "x", details: { error_code: code } } })

const money = variants<Reply>(
  "P02",
  [
    ["a spend limit, as 429", { status: 429, headers: json, body: [outOfMoney("enforced_spend_limit_reached")] }],
    [
      "no credit, as 400",
      { status: 400, headers: json, body: [apiError("invalid_request_error", "Your credit balance is too low")] }
    ]
  ],
  (reply) => ({ replies: [reply], limits: { retries: 3 }, look: failed("QuotaExhausted") })
)

const passing = variants(
  "P03",
  [500, 502, 503, 504].map((status) => [`${status}, then an answer`, status] as const),
  (status) => ({
    replies: [{ status, headers: json, body: [apiError("api_error")] }, back],
    limits: { ...absent, longestWaitMillis: 200 },
    look: retriedAfter("Overloaded", 100, 200)
  })
)

const overloaded = variant("P04", "its retry-after is obeyed, and the base delay is longer than after a 429", {
  replies: [{ status: 529, headers: { ...json, "retry-after": "1" }, body: [apiError("overloaded_error")] }, back],
  limits: { retries: 1, longestWaitMillis: 5000 },
  look: retriedAfter("Overloaded", 1000 + 1000, 1000 + 2000)
})

const skewed = variant("P36", "with Date headers of 2001 and 2099, retry-after dates are relative to them", {
  replies: [2001, 2099]
    .map((year) => Date.UTC(year, 4, 5))
    .map((now) => turnedAway({ date: httpDate(now), "retry-after": httpDate(now + 1000) }))
    .concat(back),
  limits: { retries: 2, longestWaitMillis: 1000 },
  look: (seen) => {
    completed("failed: RateLimited", "failed: RateLimited", "completed")(seen)
    for (const wait of delays(seen.log)) {
      assert.isAtLeast(wait, 1500)
      assert.isAtMost(wait, 2000)
    }
  }
})

export const retry = [...rateLimited, tooLong, ...money, ...passing, overloaded, skewed]
