import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import * as Lines from "./internal/Lines.ts"
import * as Streams from "./internal/Streams.ts"
import { Output } from "./Output.ts"

/** What a question may do while it has the terminal. */
export interface Dialogue {
  /** Shows a line of the question. What others write waits until the question is answered. */
  readonly show: (text: string) => Effect.Effect<void>
  /** Shows a prompt and reads the line that is typed after it; undefined when there will be no answer. */
  readonly read: Lines.Read
  /** Whether the question came while the person was typing something else. */
  readonly interrupted: boolean
}

/**
 * The one way to a person. Questions come one after the other, whoever asks; each is shown next to what it is about, and
 * only input that arrives after it was shown can answer it. Where input or standard error is not a terminal there is
 * no person, and nothing is read.
 */
export interface Questions {
  readonly available: boolean
  /** Whether a person is being asked right now. */
  readonly asking: () => boolean
  /** Has the person to itself. Undefined where there is none. */
  readonly ask: <A, E, R>(
    question: (dialogue: Dialogue) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A | undefined, E, R | Output>
}

/** A reader for one question alone. What was typed before it has no other reader, and is dropped. */
const alone: Lines.Lines["dialogue"] = (use) =>
  Effect.acquireUseRelease(
    Effect.sync(() => Lines.open()),
    (lines) =>
      lines.dialogue((dialogue) => {
        if (lines.early() || dialogue.interrupted)
          Streams.prompt("parley: what was typed before this question was shown does not answer it, and is dropped\n")
        return use({ ...dialogue, interrupted: false })
      }),
    (lines) => Effect.sync(lines.close)
  )

/** Questions on the terminal of this process, through the reader of a conversation where one holds the terminal. */
export const make = (lines?: Lines.Lines): Questions => {
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
            return Streams.hold()
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
