import type { Row } from "../suite.ts"

const row = (id: string, fault: string, variants: number): Row => ({ id, fault, variants })
const alone = (row: Row): Row => ({ ...row, alone: true })

/** Part B.1 of the fault catalogue, with its counts. */
export const rows: ReadonlyArray<Row> = [
  row("P01", "429 with retry-after in seconds, as a date, absent, 0, 1 h, garbage", 6),
  row("P02", "429 or 400 that means money ran out", 2),
  row("P03", "500, 502, 503, 504", 4),
  row("P04", "529 overloaded", 1),
  row("P05", "an error event inside a 200 stream", 24),
  row("P06", "the connection ends within the response", 6),
  row("P07", "a stalled stream: silent, pings only, byte by byte", 15),
  row("P08", "a slow first byte", 2),
  row("P09", "400 invalid_request_error", 1),
  row("P10", "poisoned history", 5),
  row("P11", "401, 403 within a round", 2),
  row("P12", "404 model gone", 1),
  row("P13", "413, a body over 32 MB", 2),
  row("P14", "context length exceeded", 3),
  row("P15", "malformed JSON in tool input", 4),
  row("P16", "max_tokens inside tool_use", 4),
  row("P17", "max_tokens in text, in thinking", 2),
  row("P18", "refusal", 1),
  row("P19", "pause_turn, an unknown stop reason", 2),
  row("P20", "an empty response", 3),
  row("P21", "metadata only, comments, unknown events and deltas", 4),
  row("P22", "duplicate, empty or misused tool_use ids", 4),
  row("P23", "an unknown tool, wrong case, removed since", 3),
  row("P24", "tool names that are too long or illegal", 3),
  alone(row("P25", "tool input of 1, 10, 100 MB", 3)),
  row("P26", "tool input of 10^2, 10^4, 10^5 levels", 3),
  row("P27", "tool input that JavaScript would change", 5),
  row("P28", "bytes cut anywhere", 6),
  row("P29", "text that is hard to store or to show", 5),
  row("P30", "a body that is not what its headers say", 3),
  row("P31", "events out of order", 5),
  row("P32", "usage missing, negative, twice, cumulative", 4),
  alone(row("P33", "100,000 chunks, one chunk of 50 MB", 2)),
  row("P34", "300 tool calls in one turn", 1),
  row("P35", "a redirect to another host, to plain http", 2),
  row("P36", "a date header that is far from the real time", 1),
  row("P37", "tool_result or system role from the provider", 1),
  row("P38", "thinking without signature, in odd order, redacted", 3),
  row("P39", "DNS failure, offline, captive portal, black hole", 4),
  alone(row("P40", "50 sessions, all 429", 1))
]
