import type { Decision, ToolPolicy } from "@parley/domain/ToolPolicy"
import * as Effect from "effect/Effect"
import * as ApprovalText from "./ApprovalText.ts"
import { choose } from "./Consent.ts"
import * as Streams from "./internal/Streams.ts"
import { Output } from "./Output.ts"
import type { Dialogue, Questions } from "./Questions.ts"
import * as ToolRules from "./ToolRules.ts"

const yes: Decision = { allowed: true }
const no = (reason: string): Decision => ({ allowed: false, reason })
const saidNo = "the user said no"

/**
 * Asks about calls to tools that may not run by themselves, one at a time. A yes holds for that call, with the input that
 * was shown; "always" for that tool until the process ends. What is written behind a no is passed on to the model. Where
 * there is no person, the call is not run, and standard error says how to allow it.
 */
export const policy = Effect.fnUntraced(function* (setup: ToolRules.Rules, questions: Questions) {
  const output = yield* Output
  const always = new Set<string>()
  const askAbout = (asked: Parameters<ToolPolicy["ask"]>[0]) => (dialogue: Dialogue) =>
    Effect.gen(function* () {
      const { name } = asked.tool
      // The answer to a call of this turn that was asked about before this one.
      if (always.has(name)) return yes
      yield* dialogue.show(ApprovalText.words(asked, Streams.columns()))
      for (;;) {
        const answer = yield* choose(dialogue, ApprovalText.question(asked), ["yes", "always", "view"])
        if (answer === undefined) return no("it needs the user's permission, and the input ended before an answer")
        if (answer.choice === "no") return no(answer.words === "" ? saidNo : `${saidNo}: ${answer.words}`)
        if (answer.choice === "always") always.add(name)
        if (answer.choice !== "view") return yes
        yield* dialogue.show(ApprovalText.words(asked, Streams.columns(), true))
      }
    })
  const policy: ToolPolicy = {
    rule: ToolRules.rule(setup),
    ask: (asked) =>
      Effect.gen(function* () {
        const { name } = asked.tool
        if (always.has(name)) return yes
        const decision = yield* questions.ask(askAbout(asked))
        if (decision !== undefined) return decision
        yield* output.note(`parley: ${ToolRules.howToAllow(setup, asked.tool)}`)
        return no("it needs the user's permission, and nobody is there to give it")
      }).pipe(Effect.provideService(Output, output))
  }
  return policy
})
