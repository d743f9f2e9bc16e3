import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import * as Lines from "../terminal/Lines.ts"
import * as Streams from "../terminal/Streams.ts"
import { Output } from "../output/Output.ts"

/** What a question can use while it has exclusive use of the terminal. */
export interface Dialogue {
  /** Shows a line of the question. All other output waits until the question is answered. */
  readonly show: (text: string) => Effect.Effect<void>
  /** Shows a prompt and reads the line that is typed after it; undefined if the input ended. */
  readonly read: Lines.Read
  /** Whether the question interrupted a line that the person was typing. */
  readonly interrupted: boolean
}

/**
 * The only way to ask a person. Questions from all callers are asked one after the other. Each is shown next to its subject,
 * and only input that arrives after it was shown can answer it. If standard input or standard error is not a terminal, there
 * is no person, and nothing is read.
 */
export interface Person {
  readonly available: boolean
  /** Whether a question is open. */
  readonly asking: () => boolean
  /** Runs a question with exclusive use of the terminal. Undefined if there is no person. */
  readonly ask: <A, E, R>(
    question: (dialogue: Dialogue) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A | undefined, E, R | Output>
}

/** Opens a reader for one question. Input typed before it has no other reader, so it is discarded. */
const alone: Lines.Lines["dialogue"] = (use) =>
  Effect.acquireUseRelease(
    Effect.sync(() => Lines.open()),
    (lines) =>
      lines.dialogue((dialogue) => {
        if (lines.early() || dialogue.interrupted)
          Streams.prompt("parley: input that was typed before this question was shown is discarded\n")
        return use({ ...dialogue, interrupted: false })
      }),
    (lines) => Effect.sync(lines.close)
  )

/** The person at the terminal of this process. If a conversation reads the terminal, pass its `lines`. */
export const make = (lines?: Lines.Lines): Person => {
  const one = Semaphore.makeUnsafe(1)
  const available = lines?.interactive ?? Lines.interactive
  const withDialogue = lines?.dialogue ?? alone
  let asking = false
  return {
    available,
    asking: () => asking,
    ask: (question) => {
      if (!available) return Effect.undefined
      return withDialogue(({ interrupted, read }) =>
        Effect.acquireUseRelease(
          Effect.sync(() => {
            asking = true
            return Streams.delayOutput()
          }),
          () => Effect.flatMap(Output, ({ ask }) => question({ show: ask, read, interrupted })),
          (release) =>
            Effect.sync(() => {
              asking = false
              release()
            })
        )
      ).pipe(one.withPermits(1))
    }
  }
}
