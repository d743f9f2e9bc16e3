import { McpManager, type ServerStatus } from "@parley/domain/McpManager"
import { ModelsManager } from "@parley/domain/ModelsManager"
import type { Round } from "@parley/domain/Session"
import * as Effect from "effect/Effect"
import { CallsDenied } from "./ExitCode.ts"
import { Output } from "./Output.ts"
import { short } from "./Render.ts"
import type { Setup } from "./Setup.ts"
import * as ToolRules from "./ToolRules.ts"

/** What a person should know before a round starts: one line each, on standard error. */
export const show = Effect.fnUntraced(function* (setup: Setup) {
  const output = yield* Output
  const models = yield* ModelsManager
  yield* Effect.forEach(setup.warnings, (warning) => output.note(`parley: ${warning}`), { discard: true })
  const preferred = yield* models.preferred
  if (setup.model === undefined && preferred.provider === "demo")
    yield* output.note(
      "parley: no model configured; the offline demo model answers by fixed rules (set ANTHROPIC_API_KEY for a real one)"
    )
})

/** What a person should know of the workspace where its files are what they ask about. */
export const workspace = Effect.fnUntraced(function* ({ noWorkspace, workspace }: Setup) {
  const output = yield* Output
  const notice = noWorkspace?.message ?? workspace.notice
  if (notice !== undefined) yield* output.note(`parley: ${notice}`)
})

const whatToDo: { readonly [S in ServerStatus["state"]]?: (name: string) => string } = {
  failed: (name) => `\`parley mcp inspect ${name}\` tries it again and shows more`,
  restarting: (name) => `\`parley mcp inspect ${name}\` tries it again and shows more`,
  "needs-auth": (name) => `\`parley mcp auth ${name}\` logs in`
}

/** What is wrong with a server, and what to do about it. */
const trouble = ({ blocked, lastProblem, name, problem, state }: ServerStatus): string | undefined => {
  if (blocked !== undefined) return `${name}: ${problem ?? "its tools have changed"}`
  if (state === "starting" && lastProblem === undefined)
    return `the tools of the server ${name} are missing: it is still starting; \`parley mcp inspect ${name}\` waits for it`
  // Just being tried again, after a failure.
  const advice = whatToDo[state === "starting" ? "restarting" : state]
  if (advice === undefined) return undefined
  return `the tools of the server ${name} are missing: ${short(problem ?? "it is not ready", 400)}; ${advice(name)}`
}

/** Patterns that fit no tool, and could not fit one of a server whose tools are not all known. */
const idle = (patterns: ReadonlyArray<string>, names: ReadonlyArray<string>, unsure: ReadonlyArray<string>) =>
  patterns.filter((pattern) => {
    const fixed = pattern.replace(/\*$/, "")
    const fits = fixed === pattern ? (name: string) => name === fixed : (name: string) => name.startsWith(fixed)
    return !names.some(fits) && !unsure.some((start) => start.startsWith(fixed) || fixed.startsWith(start))
  })

/** After a round: what is missing of tools, and rules that are about none. One line each, unless that was told before. */
export const tools = Effect.fnUntraced(function* (setup: Setup, told: Set<string>) {
  const output = yield* Output
  const mcp = yield* McpManager
  const servers = yield* mcp.servers
  const declared = [...Object.keys(setup.config.mcpServers ?? {}), ...setup.project.servers.map(({ name }) => name)]
  const whole = servers.filter((one) => one.state === "ready" && one.leftOut === undefined && one.blocked === undefined)
  const unsure = declared.filter((name) => !whole.some((one) => one.name === name)).map(ToolRules.startOf)
  const names = (yield* mcp.tools).map(({ name }) => name)
  const rules: ReadonlyArray<readonly [where: string, patterns: ReadonlyArray<string>]> = [
    [`permissions of ${setup.user.configFile}`, Object.keys(setup.config.permissions ?? {})],
    ["--allow", setup.allow]
  ]
  const found = [
    ...servers.map(trouble),
    ...rules.map(([where, patterns]) => {
      const none = idle(patterns, names, unsure)
      return none.length === 0
        ? undefined
        : `no tool here is called ${none.join(", ")}, as ${where} says; \`parley tools\` lists the names`
    })
  ]
  for (const line of found) {
    if (line === undefined || told.has(line)) continue
    told.add(line)
    yield* output.note(`parley: ${line}`)
  }
})

/** Fails when the model asked for tools and none of its calls was allowed to run. */
export const allDenied = ({ turns }: Round) => {
  const calls = turns.flatMap(({ toolCalls }) => toolCalls)
  return calls.length > 0 && calls.every(({ outcome }) => outcome?._tag === "Denied")
    ? Effect.fail(new CallsDenied({ tools: [...new Set(calls.map(({ name }) => name))] }))
    : Effect.void
}
