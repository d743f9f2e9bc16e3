import * as Effect from "effect/Effect"
import * as Lines from "../internal/Lines.ts"
import { UsageError } from "../ExitCode.ts"

/** How a decision comes about: a person is asked, or a script says what it has seen before. */
export interface Consent {
  readonly yes: boolean
  readonly hash: string | undefined
}

/** What was answered; `none` where the input ended first. */
export type Answer = "yes" | "no" | "none"

const onTerminal = (question: string): Effect.Effect<Answer> =>
  Effect.acquireUseRelease(
    Effect.sync(Lines.open),
    (lines) =>
      Effect.map(lines.next(question), (line) =>
        line === undefined ? "none" : /^y(?:es)?$/i.test(line.trim()) ? "yes" : "no"
      ),
    (lines) => Effect.sync(lines.close)
  )

/** Whether what was shown, which is what `hash` stands for, is wanted. Only `yes` and `y` mean yes. */
export const ask = Effect.fnUntraced(function* (question: string, hash: string, consent: Consent) {
  if (consent.hash !== undefined && consent.hash !== hash)
    return yield* new UsageError({
      problem: `It is no longer what --hash says: its hash is ${hash}. Nothing was trusted; look at it again`
    })
  if (consent.yes && consent.hash === undefined)
    return yield* new UsageError({ problem: `--yes needs --hash HASH, so that only what you have seen is trusted` })
  if (consent.yes) return "yes"
  if (!Lines.interactive)
    return yield* new UsageError({
      problem: `Nobody can be asked here, so nothing was trusted; a script says --yes --hash ${hash}`
    })
  return yield* onTerminal(question)
})
