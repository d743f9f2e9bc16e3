import { assert } from "@effect/vitest"
import { one, variant } from "./kit.ts"
import { kept, keeping } from "./kept.ts"
import { ended } from "./look.ts"
import { promptly } from "../../packages/harness/src/time/promptly.ts"

const piece = "aé€😀"

/** The way a response is split into chunks does not change it. */
const inPieces = [
  variant("M29", "byte by byte", {
    servers: one({
      calls: {
        act: [
          ["slowly", `{"jsonrpc":"2.0","id":$id,"result":{"content":[{"type":"text","text":"${piece.repeat(9)}"}]}}`]
        ]
      }
    }),
    turns: [["s__act"]],
    look: ended(`Succeeded: ${piece.repeat(9)}`)
  }),
  variant("M29", "cut every 64 KiB, within characters", {
    // Of three splits in a text with a period of ten bytes, at least one is within a character.
    servers: one({ calls: { act: [["answer", piece, 22_000]] } }),
    options: keeping,
    turns: [["s__act"]],
    // The result is longer than the model is shown, so all of it is kept in a file.
    look: (seen) => {
      ended(/^Succeeded: aé€😀/)(seen)
      assert.deepStrictEqual(
        kept(seen.home).map((text) => text.toString() === piece.repeat(22_000)),
        [true]
      )
    }
  })
]

const large = (n: number) => ["s__echo", { n, text: "x".repeat(1_000_000) }] as const

const unread = variant("M30", "calls of 1 MB to a server that does not read", {
  servers: one({ start: [["stay"]], listed: [["once", "unread"]] }, { timeoutMillis: 1000 }),
  turns: [Array.from({ length: 8 }, (_, n) => large(n))],
  look: (seen) => {
    // Calls beyond 4 MiB of unsent data are refused instead of queued.
    const late = "Unknown: no answer within 1 s"
    const refused = "Failed: The call was not sent: it does not read what it is sent"
    ended(late, late, late, late, late, refused, refused, refused)(seen)
    promptly(seen.millis, 8000)
  }
})

export const flow = [...inPieces, unread]
