import type { Recovered } from "@parley/session/Recovery"

type Closed = Extract<Recovered, { readonly _tag: "Closed" }>

const list = (calls: Closed["unknown"]): string => calls.map(({ callId, name }) => `${name} (${callId})`).join(", ")

/** What recovery found and did about a lost round, for a person: what may have happened is what they must know. */
export const words = ({ notExecuted, roundId, unknown }: Closed): string =>
  [
    `closed ${roundId}, which its process had left open`,
    ...(unknown.length === 0 ? [] : [`may have taken effect: ${list(unknown)}`]),
    ...(notExecuted.length === 0 ? [] : [`never ran: ${list(notExecuted)}`])
  ].join("; ")
