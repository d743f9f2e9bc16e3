import { assert } from "@effect/vitest"
import { one, type Seen, variant } from "./kit.ts"
import { ended, starts } from "./look.ts"
import { scripted, type Tool } from "./support/script.ts"
import type { Call } from "./support/turn.ts"

const anything = { type: "object" }

/** The tools of a request, as they were sent. */
const toolsIn = ({ received }: Seen, request: number): unknown => {
  const body: { readonly tools: unknown } = JSON.parse(received.at(request)?.body ?? "{}")
  return body.tools
}

/** The tools change while the first call runs, and the engine has listed them anew before that call ends. */
const changing = (
  name: string,
  tools: ReadonlyArray<Tool>,
  call: Call,
  outcome: RegExp,
  later: ReadonlyArray<string>
) =>
  variant("M13", name, {
    servers: one({
      tools: ["act", "echo"],
      calls: {
        act: [
          ["tools", tools],
          ["changed"],
          ["until", '"method":"tools/list"', 2],
          ["sleep", 100],
          ["answer", "changed"]
        ]
      }
    }),
    turns: [["s__act"], [call]],
    look: (seen) => {
      ended("Succeeded: changed", outcome)(seen)
      assert.deepStrictEqual(seen.offered[0], ["s__act", "s__echo"])
      for (const request of [1, 2]) assert.deepStrictEqual(toolsIn(seen, request), toolsIn(seen, 0), "frozen")
      assert.notDeepEqual(toolsIn(seen, -1), toolsIn(seen, 0))
      assert.deepStrictEqual(seen.offered.at(-1), later)
      assert.strictEqual(starts(seen.notes), 1)
    }
  })

const needsN = { name: "echo", inputSchema: { ...anything, required: ["n"] } }

const changes = [
  changing("one more", ["act", "echo", "fresh"], "s__fresh", /^Failed: There is no tool/, [
    "s__act",
    "s__echo",
    "s__fresh"
  ]),
  changing("one less, and it is called", ["act"], "s__echo", /^Failed: There is no tool/, ["s__act"]),
  changing("another schema, and it is called by the old one", ["act", needsN], "s__echo", /^Failed: Invalid input/, [
    "s__act",
    "s__echo"
  ])
]

const page = (tools: ReadonlyArray<string>, nextCursor: string) =>
  ["result", { tools: tools.map((name) => ({ name, inputSchema: anything })), nextCursor }] as const

const listings = ({ notes }: Seen): number => notes.filter(({ method }) => method === "tools/list").length

const pages = [
  variant("M16", "that lead back to themselves", {
    servers: one({ pages: { "": [page(["echo"], "b")], b: [page(["second"], "c")], c: [page(["third"], "b")] } }),
    turns: [["s__echo", "s__third"]],
    look: (seen) => {
      ended("Succeeded: {}", "Succeeded: {}")(seen)
      assert.deepStrictEqual(seen.offered[0], ["s__echo", "s__second", "s__third"])
      assert.match(seen.statuses["s"]?.problem ?? "", /list of tools did not end and was cut/)
      assert.strictEqual(listings(seen), 3)
    }
  }),
  variant("M16", "of a million tools", {
    servers: one({ list: [["page", 500, 1_000_000]] }),
    turns: [["s__tool7"]],
    look: (seen) => {
      ended("Succeeded: {}")(seen)
      assert.strictEqual(seen.offered[0]?.length, 2000)
      assert.match(seen.statuses["s"]?.problem ?? "", /list of tools did not end and was cut/)
      assert.isAtMost(listings(seen), 5)
    }
  }),
  variant("M16", "of which the second fails", {
    servers: (here) => ({
      good: scripted(here, "good", {}),
      s: scripted(here, "s", {
        pages: {
          "": [page(["echo"], "two")],
          two: [["say", '{"jsonrpc":"2.0","id":$id,"error":{"code":-32603,"message":"no page two"}}']]
        }
      })
    }),
    turns: [["good__echo"]],
    look: (seen) => {
      ended("Succeeded: {}")(seen)
      assert.deepStrictEqual(seen.offered[0], ["good__echo"])
      assert.match(seen.statuses["s"]?.problem ?? "", /^it cannot list its tools: .*no page two/)
    }
  })
]

export const lists = [...changes, ...pages]
