import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { makeInbox } from "../src/transport/Inbox.ts"
import { makeGate, makeRepeatGate } from "../src/transport/NotificationGate.ts"
import { makeReadMessage } from "../src/transport/ChildTransport.ts"
import { loadClient } from "../src/sdk/Sdk.ts"
import { eventually } from "./support.ts"

const spin = (millis: number): void => {
  for (const end = performance.now() + millis; performance.now() < end;);
}

describe("a server that sends without pause", () => {
  it.live("gets a few milliseconds in each turn of the event loop, however often its output is read in that turn", () =>
    Effect.gen(function* () {
      const handled: Array<number> = []
      const holds: Array<boolean> = []
      const inbox = makeInbox<number>(
        (item) => {
          spin(2)
          handled.push(item)
        },
        (held) => void holds.push(held)
      )
      const all = Array.from({ length: 12 }, (_, i) => i)
      for (const item of all) {
        inbox.add(item)
        inbox.read()
      }
      assert.isAtMost(handled.length, 2)
      assert.strictEqual(holds.at(-1), true)
      yield* eventually(
        Effect.sync(() => handled.length),
        (count) => count === all.length
      )
      assert.deepStrictEqual(handled, all)
      assert.strictEqual(holds.at(-1), false)
    })
  )

  it("has repeated list_changed notifications dropped", () => {
    const clock = { now: 0 }
    const { asked, isNews } = makeRepeatGate(() => clock.now, 100)
    const tools = { method: "notifications/tools/list_changed" }
    const prompts = { method: "notifications/prompts/list_changed" }
    assert.deepStrictEqual([tools, tools, prompts, tools].map(isNews), [true, false, true, false])
    assert.isTrue(isNews({ method: "ping", id: 1 }))
    clock.now = 100
    assert.deepStrictEqual([tools, tools].map(isNews), [true, false])
    // A change after a list request may be missing from that list, so the next notification passes.
    asked({ method: "tools/call", id: 2 })
    assert.isFalse(isNews(tools))
    asked({ method: "tools/list", id: 3 })
    assert.deepStrictEqual([tools, tools].map(isNews), [true, false])
  })

  it("has notifications without a handler limited in rate, but never the important ones", () => {
    const passes = makeGate(() => 0)
    const passed = (method: string) =>
      Array.from({ length: 1000 }, () => passes({ method })).filter((yes) => yes).length
    assert.strictEqual(passed("notifications/resources/updated"), 400)
    assert.strictEqual(passed("notifications/made/up"), 0)
    assert.strictEqual(passed("notifications/cancelled"), 1000)
    assert.strictEqual(passed("notifications/subscriptions/acknowledged"), 1000)
  })

  it.live("has dropped messages skipped without validation", () =>
    Effect.gen(function* () {
      const sdk = yield* loadClient
      const isOut = (message: object): boolean => "method" in message && message.method === "out"
      const read = makeReadMessage(sdk, (message) => !isOut(message))
      // This is not a valid message, but it is dropped before validation.
      assert.strictEqual(read('{"jsonrpc":7,"method":"out"}'), "left out")
      assert.deepStrictEqual(read('{"jsonrpc":"2.0","method":"in"}'), { jsonrpc: "2.0", method: "in" })
      assert.deepStrictEqual(read('{"jsonrpc":"2.0","id":1,"result":{}}'), { jsonrpc: "2.0", id: 1, result: {} })
      for (const line of ["", "no", "7", "[]", "{}", '{"method":"in"}', '{"jsonrpc":"2.0","method":7}', '{"id":1}'])
        assert.strictEqual(read(line), "noise", line)
    })
  )
})
