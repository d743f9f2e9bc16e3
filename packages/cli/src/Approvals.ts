import type { Decision, ToolPolicy } from "@parley/domain/ToolPolicy"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import * as ApprovalText from "./ApprovalText.ts"
import * as Lines from "./internal/Lines.ts"
import * as Streams from "./internal/Streams.ts"
import { Output } from "./Output.ts"
import type { Setup } from "./Setup.ts"
import * as ToolRules from "./ToolRules.ts"

export type Question = (words: string) => Effect.Effect<string | undefined>

/** A reader of its own for one question: Ctrl-C at it is Ctrl-C. */
const onTerminal: Question = (words) =>
  Effect.acquireUseRelease(
    Effect.sync(Lines.open),
    (lines) => lines.next(words),
    (lines) => Effect.sync(lines.close)
  )

/** Where questions go. A conversation lends the reader that it holds already: two would take each other's lines. */
export interface Questions {
  lent: Question | undefined
  /** A conversation lends its reader sooner or later. */
  readonly conversation: boolean
  /** One question at a time, whoever asks. */
  readonly one: Semaphore.Semaphore
  /** Whether a person is being asked right now: nothing else should be shown that can wait. */
  asking: boolean
}

export const questions = (conversation = false): Questions => ({
  lent: undefined,
  conversation,
  one: Semaphore.makeUnsafe(1),
  asking: false
})

/** The reader of a question, where anybody is there to answer. */
export const reader = ({ lent }: Questions): Question | undefined =>
  lent ?? (Lines.interactive ? onTerminal : undefined)

/** Has a person to itself. */
export const alone =
  (questions: Questions) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.acquireUseRelease(
      Effect.sync(() => void (questions.asking = true)),
      () => self,
      () => Effect.sync(() => void (questions.asking = false))
    ).pipe(questions.one.withPermits(1))

const yes: Decision = { allowed: true }
const no = (reason: string): Decision => ({ allowed: false, reason })

/**
 * Asks about calls to tools that may not run by themselves, one at a time. A yes holds for that call, with the input that
 * was shown; "always" for that tool until the process ends. Where nobody is there to answer, the call is not run, and
 * standard error says how to allow it.
 */
export const policy = Effect.fnUntraced(function* (setup: Setup, questions: Questions) {
  const output = yield* Output
  const always = new Set<string>()
  const policy: ToolPolicy = {
    rule: ToolRules.rule(setup),
    ask: (asked) =>
      Effect.gen(function* () {
        const { name } = asked.tool
        if (always.has(name)) return yes
        const question = reader(questions)
        if (question === undefined) {
          yield* output.note(`parley: ${ToolRules.howToAllow(setup, asked.tool)}`)
          return no("it needs the user's permission, and nobody is there to give it")
        }
        yield* output.note(ApprovalText.words(asked, Streams.columns()))
        for (;;) {
          const answer = ApprovalText.answerOf(yield* question(ApprovalText.question(asked)))
          if (answer === "always") always.add(name)
          if (answer !== "view") return answer === "no" ? no("the user said no") : yes
          yield* output.note(ApprovalText.words(asked, Streams.columns(), true))
        }
      }).pipe(alone(questions))
  }
  return policy
})
