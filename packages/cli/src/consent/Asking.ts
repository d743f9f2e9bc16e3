import * as Effect from "effect/Effect"
import { choose } from "./Consent.ts"
import { UsageError } from "@parley/app/UsageError"
import type { Person } from "./Person.ts"

/** How a decision is made: a person is asked, or a script passes `yes` with the hash of what it has reviewed. */
export interface Consent {
  readonly yes: boolean
  readonly hash: string | undefined
  readonly person: Person
}

/** Asks whether to accept what was shown, which `hash` identifies. `none` if the input ended without an answer. */
export const ask = Effect.fnUntraced(function* (prompt: string, hash: string, consent: Consent) {
  if (consent.hash !== undefined && consent.hash !== hash)
    return yield* new UsageError({
      problem: `The hash is now ${hash}, which differs from --hash. Nothing was trusted; review the change first`
    })
  if (consent.yes && consent.hash === undefined)
    return yield* new UsageError({ problem: `--yes needs --hash HASH, so that only what you have reviewed is trusted` })
  if (consent.yes) return "yes"
  if (!consent.person.available)
    return yield* new UsageError({
      problem: `There is no terminal to ask on, so nothing was trusted; to decide in a script, use --yes --hash ${hash}`
    })
  const answer = yield* consent.person.ask((dialogue) => choose(dialogue, prompt, ["yes"]))
  return answer?.choice ?? "none"
})
