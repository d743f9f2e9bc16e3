import type { ProgramConfig, ProgramScript } from "./Programs.ts"

/**
 * A disturbance of a message: it was cancelled, its process died, the disk failed, or its process lost its lease (`writer`).
 * `parked`: its round waited for answers or could have, so that any process may have continued it; what disturbs that process
 * disturbs the round. `contended`: another process used the session, so the message may be refused; if admitted, its round is undisturbed.
 *
 * @since 0.1.0
 * @category models
 */
export type Disturbance = "cancel" | "crash" | "disk" | "writer" | "parked" | "contended"

/**
 * A message as the program sent it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Sent {
  readonly text: string
  readonly script: ProgramScript
  readonly writer: number
  /** Whether it takes the place of an earlier message, whose round may be undone meanwhile. */
  readonly edits: boolean
  readonly disturbed: ReadonlySet<Disturbance>
  /** Every configuration that was in effect while it was handled. */
  readonly configs: ReadonlyArray<ProgramConfig>
  /** The sender's result: the status of the round or the tag of an error. Undefined while the message is being handled. */
  readonly answer: string | undefined
}

/**
 * Limits of an engine that the reference model must know to predict what it sends.
 *
 * @since 0.1.0
 * @category models
 */
export interface EngineLimits {
  readonly turns: number
  readonly toolConcurrency: number
  /** How often a request is retried after temporary failures. */
  readonly retries: number
}
