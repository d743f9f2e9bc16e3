import type { Decision, ToolPolicy } from "@parley/domain/ToolPolicy"
import * as Permissions from "@parley/workspace/Permissions"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import * as Lines from "./internal/Lines.ts"
import { Output } from "./Output.ts"
import * as Render from "./Render.ts"
import type { Setup } from "./Setup.ts"

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
const encode = Schema.encodeSync(Schema.fromJsonString(Schema.Json))

/**
 * Asks about calls to tools that the configuration marks `ask`, one at a time. "Always" holds until the process ends. Where
 * nobody is there to answer, the call is not run, and standard error says how to allow it.
 */
export const policy = Effect.fnUntraced(function* (setup: Setup, questions: Questions) {
  const output = yield* Output
  const always = new Set<string>()
  const policy: ToolPolicy = {
    rule: Permissions.rule(setup.config.permissions ?? {}),
    ask: ({ input, tool: { name } }) =>
      Effect.gen(function* () {
        if (always.has(name)) return yes
        const question = reader(questions)
        if (question === undefined) {
          const where = `"permissions" in ${setup.user.configFile}`
          yield* output.note(`parley: nobody can be asked whether ${name} may run; ${where} can allow it`)
          return no("it needs the user's permission, and nobody is there to give it")
        }
        const call = `${name} ${Render.short(encode(input), 200)}`
        yield* output.note(`? ${call}`)
        const answer = yield* question("  run it? [y]es, [a]lways, [N]o: ")
        const letter = answer?.trim().charAt(0).toLowerCase()
        if (letter === "a") always.add(name)
        return letter === "a" || letter === "y" ? yes : no("the user said no")
      }).pipe(alone(questions))
  }
  return policy
})
