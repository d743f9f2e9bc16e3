import { format } from "@parley/domain/ModelRef"
import type { Round } from "@parley/domain/Session"
import { textOf } from "@parley/domain/Content"
import type { Compared } from "@parley/session/Counterfactual"
import type { Report } from "@parley/session/Replay"

const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`

/** What a replay did, in one sentence. */
export const summary = ({ events, isCut, messages, requests, toolCalls }: Report): string => {
  const did = `${counted(messages, "message")}, ${counted(requests, "request")} to models, ${counted(toolCalls, "tool call")}`
  const cut = isCut ? ". The recording ends in the middle of something, because its process ended there" : ""
  return `${did}: all ${counted(events, "event")} as recorded, byte for byte${cut}`
}

/** The first difference, with what stands around it in both. */
export const difference = ({ expected, field, offset, received, where }: NonNullable<Report["difference"]>): string =>
  [
    `The replay differs from the recording at ${where}${field === "" ? "" : `, in ${field}`}, byte ${offset}`,
    `  recorded: ${JSON.stringify(expected)}`,
    `  replayed: ${JSON.stringify(received)}`
  ].join("\n")

const answerOf = (round: Round): string =>
  round.turns.map(({ content }) => textOf(content)).findLast((text) => text !== "") ?? ""

const callsOf = (round: Round): string =>
  round.turns.flatMap(({ toolCalls }) => toolCalls.map(({ input, name }) => `${name} ${input}`)).join(", ")

const money = (round: Round): string => (round.cost === undefined ? "unknown" : `$${round.cost.toPrecision(3)}`)

const side = (round: Round): ReadonlyArray<string> => [
  `    model: ${round.turns[0] === undefined ? "none" : format(round.turns[0].model)}, ${round.status}`,
  `    answer: ${JSON.stringify(answerOf(round))}`,
  `    tool calls: ${callsOf(round) || "none"}`,
  `    tokens: ${round.usage.inputTokens} in, ${round.usage.outputTokens} out; cost: ${money(round)}`
]

/** A round as it was recorded and as another model ran it. */
export const compared = ({ end, now, recorded, unrecorded }: Compared): string =>
  [
    `${recorded?.id ?? now?.id ?? "a request"}:`,
    "  recorded:",
    ...(recorded === undefined ? ["    no round"] : side(recorded)),
    "  now:",
    ...(now === undefined ? [`    no round (${end})`] : side(now)),
    ...(unrecorded.length === 0 ? [] : [`    calls without a recorded result: ${unrecorded.join(", ")}`])
  ].join("\n")
