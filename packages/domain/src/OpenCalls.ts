import type { ToolCall, ToolResult } from "./Content.ts"
import type { CallId } from "./Ids.ts"
import type { Origin } from "./Origins.ts"
import { toResult, type ToolOutcome } from "./Tool.ts"

const notSettled: ToolOutcome = { _tag: "Unknown", reason: "the log holds no result" }

/** The result of a call, and where it came from. */
export interface CallResult {
  readonly result: ToolResult
  readonly origin: Pick<Origin, "source" | "provenance">
}

/** The calls of the latest turn, and what has become of each so far. */
export class OpenCalls {
  private calls: ReadonlyArray<ToolCall> = []
  private outcomes = new Map<CallId, ToolOutcome>()
  /** Calls that were started, so that their results may contain content from outside. */
  private started = new Set<CallId>()

  open(calls: ReadonlyArray<ToolCall>): void {
    this.calls = calls
  }

  start(id: CallId): void {
    this.started.add(id)
  }

  settle(id: CallId, outcome: ToolOutcome): void {
    this.outcomes.set(id, outcome)
  }

  get isEmpty(): boolean {
    return this.calls.length === 0
  }

  get isSettled(): boolean {
    return this.calls.every((call) => this.outcomes.has(call.callId))
  }

  /** The results in the order of the calls; those of calls without an outcome are unknown. Afterwards no call is open. */
  close(): ReadonlyArray<CallResult> {
    const results = this.calls.map(({ callId, name }): CallResult => {
      // If a call never started, Parley itself wrote the result, which states that the call did not run.
      const provenance = this.started.has(callId) ? "outside" : "parley"
      const result = toResult(callId, this.outcomes.get(callId) ?? notSettled)
      return { result, origin: { source: `result:${name}:${callId}`, provenance } }
    })
    this.calls = []
    this.outcomes.clear()
    this.started.clear()
    return results
  }

  copy(): OpenCalls {
    const copy = new OpenCalls()
    copy.calls = this.calls
    copy.outcomes = new Map(this.outcomes)
    copy.started = new Set(this.started)
    return copy
  }
}
