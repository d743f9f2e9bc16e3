import type { Recovered } from "@parley/session/Recovery"

type Closed = Extract<Recovered, { readonly _tag: "Closed" }>

const list = (calls: Closed["unknown"]): string => calls.map(({ callId, name }) => `${name} (${callId})`).join(", ")

/** How recovery closed a round, including the tool calls that may have taken effect, which the user has to check. */
export const words = ({ notExecuted, roundId, unknown }: Closed): string =>
  [
    `closed ${roundId}, which its process had left open when it ended`,
    ...(unknown.length === 0 ? [] : [`may have taken effect: ${list(unknown)}`]),
    ...(notExecuted.length === 0 ? [] : [`never ran: ${list(notExecuted)}`])
  ].join("; ")
