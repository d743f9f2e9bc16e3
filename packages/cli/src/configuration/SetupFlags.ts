import * as Setup from "@parley/app/Setup"
import { UsageError } from "@parley/app/UsageError"
import type { Effort } from "@parley/domain/Effort"
import { WorkspaceError } from "@parley/domain/Errors"
import * as ModelRef from "@parley/domain/ModelRef"
import type { SessionLimits } from "@parley/domain/SessionSettings"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ProcessInfo from "../process/ProcessInfo.ts"

export type { Setup } from "@parley/app/Setup"
export { ownerOf } from "@parley/app/Setup"

/** The name of a model that the user wrote as `what`, a flag or an argument. */
export const parseModel = (text: string, what: string) =>
  Effect.mapError(
    Effect.fromOption(ModelRef.parse(text)),
    () =>
      new UsageError({
        problem: `${what} ${text}: expected PROVIDER/MODEL, such as demo/demo; \`parley models\` lists the available models`
      })
  )

/** The names of models, separated by commas: the preferred model, then those to ask if it is not available. */
export const parseModels = Effect.fnUntraced(function* (text: string, what = "--model") {
  const names = text.split(",").map((name) => name.trim())
  const models = yield* Effect.forEach(names, (name) =>
    parseModel(name, names.length === 1 ? what : `${what} ${text}:`)
  )
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined)
    return yield* new UsageError({ problem: `${what} ${text}: ${twice} is named twice; name each model once` })
  return models
})

export interface Flags {
  readonly workspace: Option.Option<string>
  /** Only for commands that use a model. */
  readonly model?: Option.Option<string>
  readonly effort?: Option.Option<Effort>
  /** Trusts the project's MCP servers as currently declared, for this run only. */
  readonly trust?: boolean
}

export interface AllowFlags {
  readonly allow: ReadonlyArray<string>
}

export interface LimitFlags {
  readonly maxTurns: Option.Option<number>
  readonly maxSeconds: Option.Option<number>
  readonly maxTokens: Option.Option<number>
  readonly maxCost: Option.Option<number>
}

const limit = (name: keyof Setup.Setup["limits"] | keyof SessionLimits, flag: Option.Option<number> = Option.none()) =>
  Option.match(flag, { onNone: () => ({}), onSome: (value) => ({ [name]: value }) })

/** What flags name for a message. It takes precedence over the settings of its session. */
export const named = Effect.fnUntraced(function* (flags: Flags & LimitFlags) {
  const text = flags.model === undefined ? undefined : Option.getOrUndefined(flags.model)
  const [model] = text === undefined ? [] : yield* parseModels(text)
  const effort = flags.effort === undefined ? undefined : Option.getOrUndefined(flags.effort)
  const limits = {
    ...limit("turns", flags.maxTurns),
    ...limit(
      "roundMillis",
      Option.map(flags.maxSeconds, (seconds) => Math.ceil(seconds * 1000))
    ),
    ...limit("roundTokens", flags.maxTokens),
    ...limit("roundCost", flags.maxCost)
  }
  return {
    ...(model === undefined ? {} : { model }),
    ...(effort === undefined ? {} : { effort }),
    ...(Object.keys(limits).length === 0 ? {} : { limits })
  }
})

/** Loads the configuration from the flags of a command, the environment and the current directory. */
export const load = Effect.fn("Setup.load")(function* (flags: Flags & Partial<LimitFlags & AllowFlags>) {
  const directory = flags.workspace.pipe(Option.getOrUndefined, ProcessInfo.place)
  if (directory === undefined)
    return yield* new WorkspaceError({
      path: ProcessInfo.env["PWD"] ?? ".",
      problem:
        "the current directory no longer exists; change to one that exists, or use --workspace with an absolute path"
    })
  const named = flags.model === undefined ? undefined : Option.getOrUndefined(flags.model)
  const [model, ...fallbacks] = named === undefined ? [] : yield* parseModels(named)
  return yield* Setup.load({
    env: ProcessInfo.env,
    directory,
    startedIn: ProcessInfo.place(),
    isExact: Option.isSome(flags.workspace),
    model,
    fallbacks,
    effort: flags.effort === undefined ? undefined : Option.getOrUndefined(flags.effort),
    trustsProject: flags.trust === true,
    allow: flags.allow ?? [],
    limits: {
      ...limit("turns", flags.maxTurns),
      ...limit("roundSeconds", flags.maxSeconds),
      ...limit("roundTokens", flags.maxTokens),
      ...limit("roundCost", flags.maxCost)
    }
  })
})
