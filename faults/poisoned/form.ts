/** An event as it is stored, valid or not. */
export interface Raw {
  readonly _tag: string
  readonly [key: string]: unknown
}

/** A history that Parley never writes, and the expected result of opening it. */
export interface Form {
  readonly name: string
  /** Events, or texts that are not events. */
  readonly log: ReadonlyArray<Raw | string>
  readonly expect: "opened" | "refused"
  /** Their sequence numbers, if not 1, 2, 3. */
  readonly seqs?: ReadonlyArray<number>
  /** Columns of the session that differ from the values derived from the log. */
  readonly session?: { readonly [column: string]: string | number }
  /** The time of the last event, in milliseconds. */
  readonly at?: number | bigint
}

export const opened = (name: string, ...log: Form["log"]): Form => ({ name, log, expect: "opened" })
export const refused = (name: string, ...log: Form["log"]): Form => ({ name, log, expect: "refused" })

const usage = { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0 }

export const text = (text: string): Raw => ({ _tag: "Text", text })
export const call = (callId: string, input = "{}", name = "notes__add"): Raw => ({
  _tag: "ToolCall",
  callId,
  providerId: `toolu_${callId}`,
  name,
  input
})
export const thinking = (raw: string, provider = "anthropic"): Raw => ({
  _tag: "Thinking",
  provider,
  text: "Hm.",
  raw
})

export const asked = (n: number, ...request: ReadonlyArray<Raw>): Raw => ({
  _tag: "RoundStarted",
  roundId: `r${n}`,
  request: request.length === 0 ? [text(`Question ${n}`)] : request
})
export const context = (n: number, ...roundPart: ReadonlyArray<Raw>): Raw => ({
  _tag: "ContextBuilt",
  roundId: `r${n}`,
  roundPart,
  files: {},
  manifest: []
})
export const began = (n: number, turn = 1): Raw => ({
  _tag: "TurnStarted",
  roundId: `r${n}`,
  turnId: `r${n}t${turn}`,
  model: { provider: "anthropic", model: "fake" }
})
export const delta = (n: number, turn: number, ...chunks: ReadonlyArray<Raw>): Raw => ({
  _tag: "TurnDelta",
  turnId: `r${n}t${turn}`,
  chunks
})
export const said = (n: number, turn: number, content: ReadonlyArray<Raw>, stop = "end"): Raw => ({
  _tag: "TurnCompleted",
  turnId: `r${n}t${turn}`,
  content,
  usage,
  stop
})
export const broke = (n: number, turn: number, content: ReadonlyArray<Raw> = []): Raw => ({
  _tag: "TurnFailed",
  turnId: `r${n}t${turn}`,
  content,
  usage,
  failure: { error: "ModelError", reason: "Overloaded", message: "scripted" }
})
export const ran = (callId: string): Raw => ({ _tag: "ToolStarted", callId })
export const settled = (callId: string, ...content: ReadonlyArray<Raw>): Raw => ({
  _tag: "ToolSettled",
  callId,
  outcome: { _tag: "Succeeded", content: content.length === 0 ? [text("Added.")] : content }
})
export const done = (n: number, stop = "end"): Raw => ({ _tag: "RoundCompleted", roundId: `r${n}`, stop })

/** A round whose turn has this content. */
export const round = (n: number, ...content: ReadonlyArray<Raw>): ReadonlyArray<Raw> => [
  asked(n),
  context(n),
  began(n),
  said(n, 1, content.length === 0 ? [text("An answer.")] : content),
  done(n)
]

/** The beginning of a round, with a turn that requests these calls. */
export const asking = (n: number, ...calls: ReadonlyArray<Raw>): ReadonlyArray<Raw> => [
  asked(n),
  context(n),
  began(n),
  said(n, 1, calls, "tool-calls")
]
export const answering = (n: number): ReadonlyArray<Raw> => [began(n, 2), said(n, 2, [text("Done.")]), done(n)]
