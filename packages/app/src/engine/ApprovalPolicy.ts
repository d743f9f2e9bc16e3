import type { SessionId } from "@parley/domain/Ids"
import type { ApprovalRequest, Decision, ToolPolicy } from "@parley/domain/ToolPolicy"
import type { SecretRead } from "@parley/workspace/SecretReads"
import * as Trust from "@parley/workspace/Trust"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import * as ToolRules from "../configuration/ToolRules.ts"
import * as WithheldFiles from "../configuration/WithheldFiles.ts"
import { Notices } from "../ports/Notices.ts"
import { Questions } from "../ports/Questions.ts"

/** The approvals of one session. */
interface Asked {
  /** Serialises the questions: the answer to the first call of a turn may also apply to the others. */
  readonly lock: Semaphore.Semaphore
  /** Tools that run without approval until the engine ends. */
  readonly remembered: Set<string>
}

const unavailable = (secret: SecretRead | undefined): Decision => ({
  allowed: false,
  reason:
    secret === undefined
      ? "it needs the user's permission, and nobody is there to give it"
      : `${WithheldFiles.mayHoldSecrets(secret)}, so it needs the user's permission, and nobody is there to give it`
})

/**
 * Allows calls that the configuration allows and asks the user about the others. An approval applies to that call with the
 * input that was shown. A remembered approval applies to the tool in that session until the engine ends, but never to files
 * that may hold secrets. If no user is available, the call is not run and a notice reports that.
 */
export const make = Effect.fnUntraced(function* (setup: ToolRules.Rules) {
  const questions = yield* Questions
  const notices = yield* Notices
  const secretRead = WithheldFiles.secretRead(setup)
  const sessions = new Map<SessionId, Asked>()
  const askedOf = (id: SessionId): Asked => {
    const known = sessions.get(id) ?? { lock: Semaphore.makeUnsafe(1), remembered: new Set<string>() }
    sessions.set(id, known)
    return known
  }

  const ask = Effect.fnUntraced(function* (request: ApprovalRequest, remembered: Set<string>) {
    const { name } = request.tool
    const secret = secretRead(name, request.input)
    if (remembered.has(name) && secret === undefined) return { allowed: true } satisfies Decision
    if (!questions.available) {
      const { tool } = request
      const isOfProject = Trust.allowing(setup.project).has(tool.server)
      const { configFile } = setup.user
      yield* notices.notify({ _tag: "ApprovalUnavailable", tool, secret, isOfProject, configFile })
      return unavailable(secret)
    }
    const answer = yield* questions.approve({ ...request, secret })
    if (answer.allowed && answer.remember && secret === undefined) remembered.add(name)
    return answer.allowed ? ({ allowed: true } satisfies Decision) : answer
  })

  const policy: ToolPolicy = {
    rule: ToolRules.rule(setup),
    ask: (request) => {
      const { lock, remembered } = askedOf(request.sessionId)
      return ask(request, remembered).pipe(lock.withPermits(1))
    }
  }
  return policy
})
