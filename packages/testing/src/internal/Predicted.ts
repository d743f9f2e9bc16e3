import { type RoundId, turnId } from "@parley/domain/Ids"
import type { ProgramConfig, ProgramScript } from "../Programs.ts"
import { endings, mayPass, type PredictedTurn, predictTurn } from "./PredictedTurn.ts"
import { attemptsOf, markOf, type ProgramAttempt } from "./ProgramScripts.ts"

/**
 * What happened to a message: someone cancelled, its process died, the disk failed, its process lost its lease. `contended`:
 * another process worked on the session, so that the message may have been refused; a round it became is not disturbed.
 */
export type Disturbance = "cancel" | "crash" | "disk" | "writer" | "contended"

/** A message as the program sent it. */
export interface Sent {
  readonly text: string
  readonly script: ProgramScript
  readonly writer: number
  readonly disturbed: ReadonlySet<Disturbance>
  /** Every configuration that was in force while it was handled. */
  readonly configs: ReadonlyArray<ProgramConfig>
  /** How it ended for whoever sent it: a round's status, an error's tag, or nothing yet. */
  readonly answer: string | undefined
}

export interface EngineLimits {
  readonly turns: number
  readonly toolConcurrency: number
  /** How often one request is sent again when it fails in a way that may pass. */
  readonly retries: number
}

export interface Predicted {
  readonly turns: ReadonlyArray<PredictedTurn>
  /** `completed:<stop>` or `failed:<error>`; `never` when only a cancellation ends it. */
  readonly end: string
}

/** What comes of a message that nothing happens to, as round `round` of its session. Each attempt is a turn of its own. */
export const predict = (sent: Sent, round: RoundId, limits: EngineLimits): Predicted => {
  const { ending } = sent.script
  const turns: Array<PredictedTurn> = []
  const script = attemptsOf(sent.script)
  const last = script.flat().length - 1
  // A call that was cut off is asked for once more, if the round may.
  const again: ReadonlyArray<ProgramAttempt> = ["ending"]
  const answers = ending === "length" && script.length < limits.turns ? [...script, again] : script
  const add = (attempt: ProgramAttempt) => {
    const mark = markOf(sent.text, Math.min(turns.length, last))
    turns.push(predictTurn(attempt, sent, turnId(round, turns.length + 1), mark))
  }
  for (const [i, attempts] of answers.entries()) {
    if (i === limits.turns) return { turns, end: "failed:CapReached" }
    for (const attempt of attempts.slice(0, limits.retries + 1)) add(attempt)
    if (attempts.length > limits.retries + 1) return { turns, end: "failed:ModelError" }
    // An ending that may pass is asked for as often as an answer may be, and does not pass.
    if (i === answers.length - 1 && mayPass.has(ending))
      for (let n = attempts.length; n <= limits.retries; n++) add("ending")
  }
  return { turns, end: endings[ending][3] }
}
