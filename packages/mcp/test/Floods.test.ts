import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { makeInbox } from "../src/internal/Inbox.ts"
import { makeGate, makeRepeatGate } from "../src/internal/NotificationGate.ts"
import { makeReadMessage } from "../src/internal/ReadMessage.ts"
import { loadClient } from "../src/internal/Sdk.ts"
import { eventually } from "./support.ts"

const spin = (millis: number): void => {
  for (const end = performance.now() + millis; performance.now() < end;);
}

describe("a server that never stops talking", () => {
  it.live("has a few milliseconds in each turn of the loop, however often it is read in that turn", () =>
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

  it("is not heard again on a list that has just been said to have changed", () => {
    const clock = { now: 0 }
    const { asked, isNews } = makeRepeatGate(() => clock.now, 100)
    const tools = { method: "notifications/tools/list_changed" }
    const prompts = { method: "notifications/prompts/list_changed" }
    assert.deepStrictEqual([tools, tools, prompts, tools].map(isNews), [true, false, true, false])
    assert.isTrue(isNews({ method: "ping", id: 1 }))
    clock.now = 100
    assert.deepStrictEqual([tools, tools].map(isNews), [true, false])
    // What changes when a list has been asked for need not be in it.
    asked({ method: "tools/call", id: 2 })
    assert.isFalse(isNews(tools))
    asked({ method: "tools/list", id: 3 })
    assert.deepStrictEqual([tools, tools].map(isNews), [true, false])
  })

  it("is heard on what nobody listens to only so often, and on what counts always", () => {
    const passes = makeGate(() => 0)
    const passed = (method: string) =>
      Array.from({ length: 1000 }, () => passes({ method })).filter((yes) => yes).length
    assert.strictEqual(passed("notifications/resources/updated"), 400)
    assert.strictEqual(passed("notifications/made/up"), 0)
    assert.strictEqual(passed("notifications/cancelled"), 1000)
    assert.strictEqual(passed("notifications/subscriptions/acknowledged"), 1000)
  })

  it.live("costs no check of what is left out", () =>
    Effect.gen(function* () {
      const sdk = yield* loadClient
      const isOut = (message: object): boolean => "method" in message && message.method === "out"
      const read = makeReadMessage(sdk, (message) => !isOut(message))
      // It is not even a message.
      assert.strictEqual(read('{"jsonrpc":7,"method":"out"}'), "left out")
      assert.deepStrictEqual(read('{"jsonrpc":"2.0","method":"in"}'), { jsonrpc: "2.0", method: "in" })
      assert.deepStrictEqual(read('{"jsonrpc":"2.0","id":1,"result":{}}'), { jsonrpc: "2.0", id: 1, result: {} })
      for (const line of ["", "no", "7", "[]", "{}", '{"method":"in"}', '{"jsonrpc":"2.0","method":7}', '{"id":1}'])
        assert.strictEqual(read(line), "noise", line)
    })
  )
})
