import type * as Effect from "effect/Effect"

/** Completes the end of a line: each of `hits` can replace `on`. Calls `done` exactly once, possibly later. */
export type Complete = (line: string, done: (hits: ReadonlyArray<string>, on: string) => void) => void

/** The source that a reader of lines uses: a line editor, a terminal without one, or a pipe. */
export interface LineSource {
  /** Replaces the labels in a line by the pasted texts. */
  readonly expand: (line: string) => string
  /** Shows a prompt, followed by the unfinished line. */
  readonly prompt: (words: string) => void
  /** Waits until input that the system has already received has been delivered. */
  readonly look: Effect.Effect<void>
  /** Clears the unfinished line and returns its text. */
  readonly takeDraft: Effect.Effect<string>
  readonly putDraft: (text: string) => void
  /** Whether a line or a paste has begun but not ended. */
  readonly unfinished: () => boolean
  /** When input last arrived, in milliseconds of `performance.now`; -Infinity before the first. */
  readonly lastInput: () => number
  readonly pause: () => void
  readonly resume: () => void
  readonly close: () => void
}

/** The callbacks through which a source reports to its reader. */
export interface Listener {
  readonly line: (line: string) => void
  readonly closed: () => void
  /** Whether a prompt waits for a line, so that other output has to go below it. */
  readonly prompting: () => boolean
  /** Whether a question is open. Its answers are neither completed nor added to the history. */
  readonly asking: () => boolean
}
