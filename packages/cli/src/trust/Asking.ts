import * as Effect from "effect/Effect"
import { choose } from "../Consent.ts"
import { UsageError } from "../ExitCode.ts"
import type { Questions } from "../Questions.ts"

/** How a decision comes about: a person is asked, or a script says what it has seen before. */
export interface Consent {
  readonly yes: boolean
  readonly hash: string | undefined
  readonly questions: Questions
}

/** Whether what was shown, which is what `hash` stands for, is wanted. `none` when there will be no answer. */
export const ask = Effect.fnUntraced(function* (prompt: string, hash: string, consent: Consent) {
  if (consent.hash !== undefined && consent.hash !== hash)
    return yield* new UsageError({
      problem: `It is no longer what --hash says: its hash is ${hash}. Nothing was trusted; look at it again`
    })
  if (consent.yes && consent.hash === undefined)
    return yield* new UsageError({ problem: `--yes needs --hash HASH, so that only what you have seen is trusted` })
  if (consent.yes) return "yes"
  if (!consent.questions.available)
    return yield* new UsageError({
      problem: `Nobody can be asked here, so nothing was trusted; a script says --yes --hash ${hash}`
    })
  const answer = yield* consent.questions.ask((dialogue) => choose(dialogue, prompt, ["yes"]))
  return answer?.choice ?? "none"
})
