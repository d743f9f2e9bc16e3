import { McpManager, type ServerStatus } from "@parley/domain/McpManager"
import { ModelsManager } from "@parley/domain/ModelsManager"
import type { SessionId } from "@parley/domain/Ids"
import type { Round } from "@parley/domain/Session"
import * as Engine from "@parley/app/Engine"
import * as FallbackEfforts from "@parley/app/FallbackEfforts"
import * as Effect from "effect/Effect"
import { AnswersAwaited, CallsDenied } from "../errors/ExitCode.ts"
import * as QuestionText from "../consent/QuestionText.ts"
import * as FallbackText from "../output/FallbackText.ts"
import { Output } from "../output/Output.ts"
import { short } from "../output/Render.ts"
import type { Setup } from "../configuration/SetupFlags.ts"
import * as ToolRules from "@parley/app/ToolRules"
import { namesOf } from "@parley/workspace/ToolPattern"
import * as UserConfig from "@parley/workspace/UserConfig"

/** Reports what the user should know before a round starts, one line each, on standard error. */
export const show = Effect.fnUntraced(function* (setup: Setup) {
  const output = yield* Output
  const models = yield* ModelsManager
  yield* Effect.forEach(setup.warnings, (warning) => output.note(`parley: ${warning}`), { discard: true })
  for (const one of yield* FallbackEfforts.adjusted(setup))
    yield* output.note(`parley: ${FallbackText.effortLine(one)}`)
  const preferred = yield* models.preferred
  if (setup.model === undefined && preferred.provider === "demo")
    yield* output.note(
      `parley: no model is configured, so the offline demo model answers by fixed rules; for a real one, ${Engine.realModel}`
    )
})

/** Reports problems of the workspace, for commands that show its files. */
export const workspace = Effect.fnUntraced(function* ({ noWorkspace, workspace }: Setup) {
  const output = yield* Output
  const notice = noWorkspace?.message ?? workspace.notice
  if (notice !== undefined) yield* output.note(`parley: ${notice}`)
})

const whatToDo: { readonly [S in ServerStatus["state"]]?: (name: string) => string } = {
  failed: (name) => `\`parley mcp inspect ${name}\` tries again and shows details`,
  restarting: (name) => `\`parley mcp inspect ${name}\` tries again and shows details`,
  "needs-auth": (name) => `\`parley mcp auth ${name}\` logs in`
}

/** The problem of a server and what to do about it; undefined if there is none. */
const trouble = ({ blocked, lastProblem, name, problem, state }: ServerStatus): string | undefined => {
  if (blocked !== undefined) return `${name}: ${problem ?? "its tools have changed"}`
  if (state === "starting" && lastProblem === undefined)
    return `the tools of the server ${name} are missing: it is still starting; \`parley mcp inspect ${name}\` waits for it`
  // Starting again after a failure counts as restarting.
  const advice = whatToDo[state === "starting" ? "restarting" : state]
  if (advice === undefined) return undefined
  return `the tools of the server ${name} are missing: ${short(problem ?? "it is not ready", 400)}; ${advice(name)}`
}

/** Patterns that match no tool, and that cannot match one of a server whose tools are not all known. */
const idle = (patterns: ReadonlyArray<string>, names: ReadonlyArray<string>, unsure: ReadonlyArray<string>) =>
  patterns.filter((pattern) => {
    const { hasPath, matches, start: fixed } = namesOf(pattern)
    if (names.some(matches)) return false
    return hasPath || !unsure.some((start) => start.startsWith(fixed) || fixed.startsWith(start))
  })

/** Reports missing tools and rules that match no tool after a round. One line each, unless `reported` has the same line. */
export const tools = Effect.fnUntraced(function* (setup: Setup, reported: Set<string>) {
  const output = yield* Output
  const mcp = yield* McpManager
  const servers = yield* mcp.servers
  const declared = [...Object.keys(setup.config.mcpServers ?? {}), ...setup.project.servers.map(({ name }) => name)]
  const whole = servers.filter((one) => one.state === "ready" && one.leftOut === undefined && one.blocked === undefined)
  const unsure = declared.filter((name) => !whole.some((one) => one.name === name)).map(ToolRules.startOf)
  const names = (yield* mcp.tools).map(({ name }) => name)
  const rules: ReadonlyArray<readonly [where: string, patterns: ReadonlyArray<string>]> = [
    [
      `permissions of ${setup.user.configFile}`,
      Object.keys(UserConfig.permissionsIn(setup.config, setup.workspace.root))
    ],
    ["--allow", setup.allow]
  ]
  const found = [
    ...servers.map(trouble),
    ...rules.map(([where, patterns]) => {
      const none = idle(patterns, names, unsure)
      return none.length === 0
        ? undefined
        : `no tool matches ${none.join(", ")} in ${where}; \`parley tools\` lists the names`
    })
  ]
  for (const line of found) {
    if (line === undefined || reported.has(line)) continue
    reported.add(line)
    yield* output.note(`parley: ${line}`)
  }
})

/** Fails with `CallsDenied` if the model requested tool calls and none was allowed to run. */
export const allDenied = ({ turns }: Round) => {
  const calls = turns.flatMap(({ toolCalls }) => toolCalls)
  return calls.length > 0 && calls.every(({ outcome }) => outcome?._tag === "Denied")
    ? Effect.fail(new CallsDenied({ tools: [...new Set(calls.map(({ name }) => name))] }))
    : Effect.void
}

/** Fails with `AnswersAwaited`, which says how to answer the round's open questions. */
export const awaited = (sessionId: SessionId, { questions = [] }: Round) =>
  Effect.fail(
    new AnswersAwaited({
      sessionId,
      questions: questions.flatMap(({ answer, subject }) => (answer === undefined ? [QuestionText.line(subject)] : []))
    })
  )
