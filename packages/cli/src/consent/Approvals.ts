import type { ApprovalAnswer } from "@parley/app/Questions"
import * as Effect from "effect/Effect"
import * as ApprovalText from "./ApprovalText.ts"
import { choose, refusalOf } from "./Consent.ts"
import * as Streams from "../terminal/Streams.ts"
import type { Dialogue } from "./Person.ts"

const scopes = { yes: "once", always: "session", project: "project" } as const

/** Shows a tool call and asks whether it may run. Words after a "no" are passed on to the model. */
export const ask =
  (approval: ApprovalText.Shown) =>
  (dialogue: Dialogue): Effect.Effect<ApprovalAnswer> =>
    Effect.gen(function* () {
      const { secret } = approval
      const choices =
        secret === undefined ? (["yes", "always", "project", "view"] as const) : (["yes", "view"] as const)
      yield* dialogue.show(ApprovalText.words(approval, Streams.columns(), false, secret))
      for (;;) {
        const answer = yield* choose(dialogue, ApprovalText.question(approval, secret), choices)
        if (answer === undefined)
          return { allowed: false, reason: "it needs the user's permission, and the input ended before an answer" }
        if (answer.choice === "no") return { allowed: false, reason: refusalOf(answer.words) }
        if (answer.choice !== "view") return { allowed: true, scope: scopes[answer.choice] }
        yield* dialogue.show(ApprovalText.words(approval, Streams.columns(), true, secret))
      }
    })
