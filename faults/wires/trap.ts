import type { Reply } from "../../packages/harness/src/provider/SseServer.ts"
import type { Outcome } from "../../packages/harness/src/wires/Outcome.ts"
import {
  type Answer,
  call,
  type Encoding,
  noTokens,
  say,
  stopOf,
  think,
  type Wire
} from "../../packages/harness/src/wires/Step.ts"

/** Something that servers send, and what must come of it. */
export interface Trap {
  /** The row of the fault catalogue, or the place in the research about SDKs. */
  readonly row: string
  readonly name: string
  /** What the server sends; undefined if it cannot be sent in this API. */
  readonly of: (wire: Wire) => Reply | undefined
  /** The reason to stop, or that of the failure. */
  readonly end: string
  /** The blocks that arrive. Default: not compared. */
  readonly line?: string
  readonly check?: (outcome: Outcome) => void
}

/** A response with a thought, a text and a call. */
export const usual: Answer = { steps: [think("hm"), say("né 你好 👩‍👩‍👧"), call("echo", '{"a":"𝄞"}', "x")] }
export const usualLine = '(hm)né 你好 👩‍👩‍👧[r1t1c1 x echo {"a":"𝄞"}]'
export const half: Answer = { steps: [say("half")] }

export const encoded = (wire: Wire, answer: Answer = usual): Encoding =>
  wire.encode({
    ...answer,
    stop: stopOf(answer),
    piece: answer.piece ?? 2,
    tokens: answer.tokens ?? noTokens,
    mark: "ZW5jcnlwdGVk"
  })

export const eventsOf = (wire: Wire, answer: Answer = usual): ReadonlyArray<string> => {
  const { head, steps, tail } = encoded(wire, answer)
  return [...head, ...steps, ...tail]
}

/** The beginning of a response, up to its last event. */
export const begunOf = (wire: Wire, answer: Answer = half): ReadonlyArray<string> => {
  const { head, steps } = encoded(wire, { ...answer, piece: 100 })
  return [...head, ...steps]
}

const isSse = ({ name }: Wire): boolean => name !== "effect/ai"

/** A trap of event streams: the complete usual response, written in another way. */
export const written =
  (change: (events: ReadonlyArray<string>) => ReadonlyArray<string | Uint8Array>, answer: Answer = usual) =>
  (wire: Wire): Reply | undefined =>
    isSse(wire) ? { body: change(eventsOf(wire, answer)) } : undefined

/** A trap that every stream of events has. */
export const streamed =
  (reply: (wire: Wire) => Reply) =>
  (wire: Wire): Reply | undefined =>
    isSse(wire) ? reply(wire) : undefined

/** A trap that is written by hand for each API that has it. */
export const by =
  (table: { readonly [name in Wire["name"]]?: ReadonlyArray<string> }) =>
  (wire: Wire): Reply | undefined => {
    const body = table[wire.name]
    return body === undefined ? undefined : { body }
  }
