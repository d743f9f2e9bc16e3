import type { Decision, ToolPolicy } from "@parley/domain/ToolPolicy"
import * as Permissions from "@parley/workspace/Permissions"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import * as ApprovalText from "./ApprovalText.ts"
import * as Lines from "./internal/Lines.ts"
import * as Streams from "./internal/Streams.ts"
import { Output } from "./Output.ts"
import type { Setup } from "./Setup.ts"
import * as Withheld from "./Withheld.ts"

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
 * was shown; "always" for that tool until the process ends, but for no file that may hold secrets. Where nobody is there to
 * answer, the call is not run, and standard error says how to allow it.
 */
export const policy = Effect.fnUntraced(function* (setup: Setup, questions: Questions) {
  const output = yield* Output
  const always = new Set<string>()
  const secretRead = Withheld.secretRead(setup)
  const policy: ToolPolicy = {
    rule: Permissions.rule(setup.config.permissions ?? {}, setup.allow, secretRead),
    ask: (asked) =>
      Effect.gen(function* () {
        const { name } = asked.tool
        const secret = secretRead(name, asked.input)
        if (secret === undefined && always.has(name)) return yes
        const question = reader(questions)
        if (question === undefined) {
          yield* output.note(`parley: ${ApprovalText.howToAllow(name, setup.user.configFile, secret)}`)
          return no(ApprovalText.unasked(secret))
        }
        yield* output.note(ApprovalText.words(asked, Streams.columns(), false, secret))
        for (;;) {
          const answer = ApprovalText.answerOf(yield* question(ApprovalText.question(asked, secret)), secret)
          if (answer === "always") always.add(name)
          if (answer !== "view") return answer === "no" ? no("the user said no") : yes
          yield* output.note(ApprovalText.words(asked, Streams.columns(), true, secret))
        }
      }).pipe(alone(questions))
  }
  return policy
})
