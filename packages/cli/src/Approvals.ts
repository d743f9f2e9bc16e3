import type { Asked, Decision, ToolPolicy } from "@parley/domain/ToolPolicy"
import type { SecretRead } from "@parley/workspace/SecretReads"
import * as Effect from "effect/Effect"
import * as ApprovalText from "./ApprovalText.ts"
import { choose } from "./Consent.ts"
import * as Streams from "./internal/Streams.ts"
import { Output } from "./Output.ts"
import type { Dialogue, Questions } from "./Questions.ts"
import * as ToolRules from "./ToolRules.ts"
import * as Withheld from "./Withheld.ts"

const yes: Decision = { allowed: true }
const no = (reason: string): Decision => ({ allowed: false, reason })
const saidNo = "the user said no"

const howToAllow = (setup: ToolRules.Rules, { tool }: Asked, secret: SecretRead | undefined): string =>
  secret === undefined
    ? ToolRules.howToAllow(setup, tool)
    : ApprovalText.howToShow(tool.name, setup.user.configFile, secret)

/**
 * Asks about calls to tools that may not run by themselves, one at a time. A yes holds for that call, with the input that
 * was shown; "always" for that tool until the process ends, but for no file that may hold secrets. What is written behind a
 * no is passed on to the model. Where there is no person, the call is not run, and standard error says how to allow it.
 */
export const policy = Effect.fnUntraced(function* (setup: ToolRules.Rules, questions: Questions) {
  const output = yield* Output
  const always = new Set<string>()
  const secretRead = Withheld.secretRead(setup)
  const isAlways = ({ input, tool }: Asked) => always.has(tool.name) && secretRead(tool.name, input) === undefined

  const askAbout = (asked: Asked) => (dialogue: Dialogue) =>
    Effect.gen(function* () {
      // The answer to a call of this turn that was asked about before this one.
      if (isAlways(asked)) return yes
      const { name } = asked.tool
      const secret = secretRead(name, asked.input)
      const choices = secret === undefined ? (["yes", "always", "view"] as const) : (["yes", "view"] as const)
      yield* dialogue.show(ApprovalText.words(asked, Streams.columns(), false, secret))
      for (;;) {
        const answer = yield* choose(dialogue, ApprovalText.question(asked, secret), choices)
        if (answer === undefined) return no("it needs the user's permission, and the input ended before an answer")
        if (answer.choice === "no") return no(answer.words === "" ? saidNo : `${saidNo}: ${answer.words}`)
        if (answer.choice === "always") always.add(name)
        if (answer.choice !== "view") return yes
        yield* dialogue.show(ApprovalText.words(asked, Streams.columns(), true, secret))
      }
    })
  const policy: ToolPolicy = {
    rule: ToolRules.rule(setup),
    ask: (asked) =>
      Effect.gen(function* () {
        if (isAlways(asked)) return yes
        const decision = yield* questions.ask(askAbout(asked))
        if (decision !== undefined) return decision
        const secret = secretRead(asked.tool.name, asked.input)
        yield* output.note(`parley: ${howToAllow(setup, asked, secret)}`)
        return no(ApprovalText.unasked(secret))
      }).pipe(Effect.provideService(Output, output))
  }
  return policy
})
