import { assert } from "@effect/vitest"
import { until } from "../../packages/harness/src/user/until.ts"
import type { Case } from "../suite.ts"
import { one, type Seen, variant } from "./kit.ts"
import { ended, starts, strays } from "./look.ts"
import type { Step } from "./support/script.ts"

const content = '{"content":[{"type":"text","text":"done"}]}'

/** Asserts that the server was not restarted, and that its invalid or unsolicited messages were counted. */
const ignored = (kind: "wrote" | "sent", seen: Seen): void => {
  assert.strictEqual(starts(seen.notes), 1)
  assert.strictEqual(seen.statuses["s"]?.state, "ready")
  assert.strictEqual(strays(seen, kind), 1)
}

const malformed: ReadonlyArray<readonly [name: string, line: string]> = [
  ["neither result nor error", '{"jsonrpc":"2.0","id":$id}'],
  ["both result and error", `{"jsonrpc":"2.0","id":$id,"result":${content},"error":{"code":-1,"message":"no"}}`],
  ["another version", `{"jsonrpc":"1.0","id":$id,"result":${content}}`],
  ["a field too many", `{"jsonrpc":"2.0","id":$id,"result":${content},"extra":1}`],
  ["a batch", `[{"jsonrpc":"2.0","id":$id,"result":${content}}]`],
  ["an error without id", '{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}']
]

const messages = malformed.map(([name, line]) =>
  variant("M11", name, {
    servers: one({ calls: { act: [["say", line]] } }, { timeoutMillis: 6000 }),
    turns: [["s__act", ["s__echo", { n: 1 }]], [["s__echo", { n: 2 }]]],
    look: (seen) => {
      ended("Unknown: no answer within 6 s", 'Succeeded: {"n":1}', 'Succeeded: {"n":2}')(seen)
      ignored("wrote", seen)
    }
  })
)

/** An unsolicited response is ignored, and never settles another call. */
const misdirected = (name: string, act: ReadonlyArray<Step>): Case =>
  variant("M12", name, {
    servers: one({ calls: { act } }),
    turns: [["s__act"], [["s__echo", { n: 2 }]]],
    look: (seen) => {
      ended("Succeeded: right", 'Succeeded: {"n":2}')(seen)
      ignored("sent", seen)
    }
  })

const wrong = '"result":{"content":[{"type":"text","text":"wrong"}]}'

const late = {
  calls: {
    slow: [["keep"]],
    act: [
      ["answerKept", "late"],
      ["answer", "right"]
    ]
  }
} as const

const answers = [
  misdirected("an id that was never used", [
    ["say", `{"jsonrpc":"2.0","id":7000,${wrong}}`],
    ["answer", "right"]
  ]),
  misdirected("a second answer", [
    ["answer", "right"],
    ["answer", "wrong"]
  ]),
  variant("M12", "an answer to a call whose time was over, while another runs", {
    servers: one(late, { timeoutMillis: 6000 }),
    turns: [["s__slow"], ["s__act"]],
    look: (seen) => {
      ended("Unknown: no answer within 6 s", "Succeeded: right")(seen)
      assert.isTrue(seen.notes.some(({ method }) => method === "notifications/cancelled"))
      ignored("sent", seen)
    }
  }),
  misdirected("the id as text", [
    ["say", `{"jsonrpc":"2.0","id":"$id",${wrong}}`],
    ["answer", "right"]
  ])
]

const tooLate = variant("M28", "the effect, the end of the time, the answer", {
  servers: one(
    { calls: { act: [["note", "effect"], ["keep"]] }, cancelled: [["answerKept", "it worked"]] },
    { timeoutMillis: 600 }
  ),
  turns: [["s__act"]],
  afterwards: ({ logged }) =>
    until("the late answer was seen", () => logged.some((line) => line.includes("sent a response"))),
  look: (seen) => {
    ended("Unknown: no answer within 0.6 s")(seen)
    assert.strictEqual(seen.notes.filter(({ effect }) => effect === true).length, 1)
    ignored("sent", seen)
  }
})

export const protocol = [...messages, ...answers, tooLate]
