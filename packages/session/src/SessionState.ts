import { type RequestId, type RoundId, roundId } from "@parley/domain/Ids"
import { MessageFold } from "@parley/domain/Message"
import { isRejection } from "@parley/domain/ModelError"
import { type Baseline, endsTurn, type LogEntry } from "@parley/domain/SessionEvent"
import { RoundFold } from "@parley/domain/SessionFold"
import * as Usage from "@parley/domain/Usage"

type Shown = { readonly [path: string]: string }

/** What the coordinator knows of a session: a fold of its log that costs constant work per event. */
export class SessionState {
  head = 0
  /** The latest round, open or closed. */
  round: RoundFold | undefined
  /** The stable part of requests, once there is one. */
  baseline: Baseline | undefined
  /** What the model has been shown of files: path to digest, empty for "gone". */
  shown: Shown = {}
  /** The same when the model last answered: what was shown with a request that it rejected will not be sent again. */
  private accepted: Shown = {}
  readonly history = new MessageFold()
  readonly requests = new Map<RequestId, RoundId>()
  /** What all ended turns of all rounds took, failed ones included: tokens of all kinds, and dollars where known. */
  spent = { tokens: 0, cost: 0 }
  private rounds = 0

  get nextRoundId(): RoundId {
    return roundId(this.rounds + 1)
  }

  push(entry: LogEntry): void {
    const { event } = entry
    this.head = entry.seq
    this.history.push(entry)
    if (event._tag === "RoundStarted") {
      this.rounds++
      this.round = new RoundFold(event, entry.at)
      if (event.requestId !== undefined) this.requests.set(event.requestId, event.roundId)
      return
    }
    this.round?.push(entry)
    if (endsTurn(event)) {
      const { cost, tokens } = this.spent
      this.spent = { tokens: tokens + Usage.total(event.usage), cost: cost + (event.cost ?? 0) }
    }
    if (event._tag === "TurnCompleted") this.accepted = this.shown
    if (event._tag === "TurnFailed" && isRejection(event.failure)) this.shown = this.accepted
    if (event._tag === "ContextBuilt") {
      if (event.baseline !== undefined) {
        this.baseline = event.baseline
        this.shown = event.baseline.files
        this.accepted = this.shown
      }
      this.shown = { ...this.shown, ...event.files }
    }
  }
}
