import { assert } from "@effect/vitest"
import type { Case } from "../suite.ts"
import { one, type Seen, variant } from "./kit.ts"
import { ended, words } from "./look.ts"

const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

/** Every kind of result is converted to something that can be sent to a model. */
const result = (name: string, value: object, look: (outcome: string, seen: Seen) => void): Case =>
  variant("M17", name, {
    servers: one({ calls: { act: [["result", value]] } }),
    turns: [["s__act"], ["s__echo"]],
    look: (seen) => {
      ended(/./, "Succeeded: {}")(seen)
      look(words(seen.outcomes[0]), seen)
    }
  })

const is =
  (expected: RegExp) =>
  (outcome: string): void =>
    assert.match(outcome, expected)

const kinds = [
  result("an error", { isError: true, content: [{ type: "text", text: "no disk" }] }, is(/^Failed: no disk$/)),
  result("nothing at all", { content: [] }, is(/^Succeeded: /)),
  result("content of an unknown kind", { content: [{ type: "hologram", data: 1 }] }, is(/unknown kind: hologram/)),
  result(
    "images, one of them too large",
    {
      content: [
        { type: "image", mimeType: "image/png", data: png },
        { type: "image", mimeType: "image/png", data: "$large" }
      ]
    },
    (outcome, { outcomes, received }) => {
      assert.match(outcome, /too large/)
      const [first] = outcomes
      const content = first !== undefined && "content" in first ? first.content : []
      assert.strictEqual(content.filter((part) => part._tag === "Image").length, 1)
      assert.isAtMost(received[1]?.body.length ?? Infinity, 1_000_000)
    }
  ),
  result(
    "sound, and bytes of a resource",
    {
      content: [
        { type: "audio", mimeType: "audio/wav", data: "AAAA" },
        { type: "resource", resource: { uri: "file:///a", mimeType: "application/x", blob: "AAAA" } }
      ]
    },
    is(/audio\/wav[^]*file:\/\/\/a/)
  ),
  result(
    "links to resources",
    { content: [{ type: "resource_link", uri: "https://example.com/a", name: "a" }] },
    is(/https:\/\/example\.com\/a/)
  )
]

const deep = variant("M23", "ten thousand levels", {
  servers: one({ calls: { act: [["deep", 10_000]] } }),
  turns: [["s__act"], ["s__echo"]],
  look: (seen) => {
    ended(/^Succeeded: .*too deep/, "Succeeded: {}")(seen)
    assert.isAtMost(words(seen.outcomes[0]).length, 1000)
  }
})

const requests: ReadonlyArray<readonly [name: string, method: string, params: object, told: number | string]> = [
  ["sampling", "sampling/createMessage", { messages: [], maxTokens: 9 }, -32601],
  [
    "elicitation",
    "elicitation/create",
    { message: "Your key?", requestedSchema: { type: "object", properties: {} } },
    "decline"
  ],
  ["roots", "roots/list", {}, -32601],
  ["ping", "ping", {}, 0],
  ["an unknown request", "machine/selfDestruct", {}, -32601]
]

/** The server answers the call only after its own request was answered, which takes at most a second. */
const asks = requests.map(([name, method, params, told]) =>
  variant("M19", name, {
    servers: one(
      {
        calls: {
          act: [
            ["say", JSON.stringify({ jsonrpc: "2.0", id: "mine", method, params })],
            ["until", '"told"', 1],
            ["answer", "it was answered"]
          ]
        }
      },
      { timeoutMillis: 5000 }
    ),
    turns: [["s__act"], ["s__echo"]],
    look: (seen) => {
      ended("Succeeded: it was answered", "Succeeded: {}")(seen)
      assert.deepStrictEqual(
        seen.notes.flatMap((note) => note.told ?? []),
        [told]
      )
      for (const { after = 0 } of seen.notes) assert.isAtMost(after, 1000)
    }
  })
)

export const results = [...kinds, deep, ...asks]
