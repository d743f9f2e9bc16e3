import type { SessionId } from "@parley/domain/Ids"
import type { ApprovalScope } from "@parley/domain/Question"
import type { ApprovalRequest, Decision, ToolPolicy } from "@parley/domain/ToolPolicy"
import type { SecretRead } from "@parley/workspace/SecretReads"
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
  /** Tools that run without approval in this session, because of an answer that the log may not have yet. */
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
 * input that was shown. An approval for the session applies to the tool in that session, also in later processes; one for the
 * project is stored in the user's configuration, too. Neither applies to files that may hold secrets, and the tools of servers
 * that the project declares are allowed for the session at most. If no user is available, the question stays open, or the call
 * is not run and a notice reports that, as the host chooses.
 */
export const make = Effect.fnUntraced(function* (setup: ToolRules.Rules) {
  const questions = yield* Questions
  const notices = yield* Notices
  const secretRead = WithheldFiles.secretRead(setup)
  const sessions = new Map<SessionId, Asked>()
  const inProject = new Set<string>()
  const askedOf = (id: SessionId): Asked => {
    const known = sessions.get(id) ?? { lock: Semaphore.makeUnsafe(1), remembered: new Set<string>() }
    sessions.set(id, known)
    return known
  }
  const secretOf = ({ input, tool }: ApprovalRequest) => secretRead(tool.name, input)

  const scopeOf = ({ isAllowedInSession, sessionId, tool }: ApprovalRequest): ApprovalScope | undefined => {
    if (inProject.has(tool.name)) return "project"
    return isAllowedInSession === true || askedOf(sessionId).remembered.has(tool.name) ? "session" : undefined
  }
  const remembered = (request: ApprovalRequest): Decision | undefined => {
    const scope = secretOf(request) === undefined ? scopeOf(request) : undefined
    return scope === undefined ? undefined : { allowed: true, scope }
  }

  const remember = Effect.fnUntraced(function* (request: ApprovalRequest, scope: ApprovalScope) {
    const { sessionId, tool } = request
    if (scope === "once" || secretOf(request) !== undefined) return
    askedOf(sessionId).remembered.add(tool.name)
    if (scope === "session" || inProject.has(tool.name) || ToolRules.isOfProject(setup, tool)) return
    inProject.add(tool.name)
    const { configFile } = setup.user
    const problem = yield* ToolRules.allowInWorkspace(setup, tool.name).pipe(
      Effect.as(undefined),
      Effect.catchTag("ConfigError", ({ message }) => Effect.succeed(message))
    )
    const notice = { _tag: "ToolAllowed", tool: tool.name, configFile } as const
    yield* notices.notify(problem === undefined ? notice : { ...notice, problem })
  })

  const withoutAsking = Effect.fnUntraced(function* (request: ApprovalRequest) {
    const known = remembered(request)
    if (known !== undefined) return known
    if (questions.leavesOpen === true) return "park"
    if (questions.available) return undefined
    const { tool } = request
    const secret = secretOf(request)
    const isOfProject = ToolRules.isOfProject(setup, tool)
    const { configFile } = setup.user
    yield* notices.notify({ _tag: "ApprovalUnavailable", tool, secret, isOfProject, configFile })
    return unavailable(secret)
  })

  const ask = Effect.fnUntraced(function* (request: ApprovalRequest) {
    // The answer to an earlier question of this turn may apply to this call, too.
    const known = remembered(request)
    if (known !== undefined) return known
    const answer: Decision = yield* questions.approve({ ...request, secret: secretOf(request) })
    if (answer.allowed) yield* remember(request, answer.scope ?? "once")
    return answer
  })

  const policy: ToolPolicy = {
    rule: ToolRules.rule(setup),
    withoutAsking,
    ask: (request) => ask(request).pipe(askedOf(request.sessionId).lock.withPermits(1)),
    remember
  }
  return policy
})
