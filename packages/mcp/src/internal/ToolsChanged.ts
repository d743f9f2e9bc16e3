import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"

/** That a server has said its tools are no longer those that were listed. */
export interface ToolsChanged {
  /** Waits until it has said so since this last completed; however often it did, that is once. */
  readonly heard: Effect.Effect<void>
  readonly forget: Effect.Effect<void>
}

export const makeToolsChanged = Effect.map(Queue.sliding<void>(1), (said) => ({
  notify: (): void => void Queue.offerUnsafe(said, undefined),
  toolsChanged: { heard: Queue.take(said), forget: Effect.asVoid(Queue.poll(said)) } satisfies ToolsChanged
}))
