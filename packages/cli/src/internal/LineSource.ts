import type * as Effect from "effect/Effect"

/** Asks what the end of a line may become: `hits` take the place of `on`. Answers once, sooner or later. */
export type Complete = (line: string, done: (hits: ReadonlyArray<string>, on: string) => void) => void

/** What a reader of lines needs from the place they come from: a line editor, a terminal without one, or a pipe. */
export interface LineSource {
  /** A line with what was pasted into it, for which labels stand in the line. */
  readonly expand: (line: string) => string
  /** Shows a prompt, with the unfinished line behind it. */
  readonly prompt: (words: string) => void
  /** Waits until what the system already holds of input has been handed over. */
  readonly look: Effect.Effect<void>
  /** Empties the unfinished line and returns what it held. */
  readonly takeDraft: Effect.Effect<string>
  readonly putDraft: (text: string) => void
  /** Whether a line or a paste has begun and not ended. */
  readonly unfinished: () => boolean
  /** When input last arrived, as `performance.now` counts; -Infinity before the first. */
  readonly lastInput: () => number
  readonly pause: () => void
  readonly resume: () => void
  readonly close: () => void
}

/** What the reader of a source is told. */
export interface Listener {
  readonly line: (line: string) => void
  readonly closed: () => void
  /** Whether a prompt is shown that waits for a line: what others write goes below it. */
  readonly prompting: () => boolean
  /** Whether the prompt is a question's. Answers are neither completed nor remembered. */
  readonly asking: () => boolean
}
