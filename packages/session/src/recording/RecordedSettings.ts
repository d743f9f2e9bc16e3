import { Environment } from "@parley/domain/Environment"
import { FilesManager } from "@parley/domain/FilesManager"
import { ModelRef } from "@parley/domain/ModelRef"
import { ToolPolicy } from "@parley/domain/ToolPolicy"
import * as Context from "effect/Context"
import * as Schema from "effect/Schema"
import { Budget } from "../limits/Budget.ts"
import { CompactionSettings } from "../limits/CompactionSettings.ts"
import { Fallbacks } from "../limits/Fallbacks.ts"
import { Limits } from "../limits/Limits.ts"

const count = Schema.Finite
const optional = Schema.Finite.pipe(Schema.UndefinedOr, Schema.optionalKey)
const name = Schema.optionalKey(Schema.String)

/** What the engine reads from its context besides the managers. It is recorded with the first request, and when it changes. */
export const Settings = Schema.Struct({
  limits: Schema.Struct({
    turns: count,
    toolConcurrency: count,
    toolMillis: count,
    messageBytes: count,
    firstChunkMillis: count,
    idleMillis: count,
    turnMillis: count,
    retries: count,
    longestWaitMillis: count,
    identicalCalls: count,
    roundMillis: Schema.UndefinedOr(count),
    roundTokens: Schema.UndefinedOr(count),
    roundCost: Schema.UndefinedOr(count),
    sessionTokens: Schema.UndefinedOr(count),
    sessionCost: Schema.UndefinedOr(count)
  }),
  compaction: Schema.Struct({ auto: Schema.Boolean, model: ModelRef.pipe(Schema.UndefinedOr, Schema.optionalKey) }),
  fallbacks: Schema.Array(ModelRef),
  environment: Schema.Struct({
    timeZone: Schema.String,
    workspace: Schema.optionalKey(
      Schema.Struct({ name: Schema.String, root: Schema.String, start: name, repository: name })
    ),
    system: Schema.optionalKey(
      Schema.Struct({ platform: Schema.String, arch: Schema.String, version: name, shell: name })
    )
  }),
  /** Whether the environment tells the state of the workspace. */
  tellsState: Schema.Boolean,
  /** Whether the files manager attaches what messages mention. */
  attaches: Schema.Boolean,
  /** Whether the tool policy can decide without asking a person. Absent in recordings of earlier versions. */
  decidesWithoutAsking: Schema.optionalKey(Schema.Literal(true)),
  /** Whether the models manager determines the size of requests. */
  counts: Schema.Boolean,
  budget: Schema.optionalKey(
    Schema.Struct({ limits: Schema.Struct({ day: optional, workspace: optional }), workspace: Schema.String })
  )
})
export type Settings = typeof Settings.Type

/** The settings that a call with this context would use. */
export const read = (found: Context.Context<never>, counts: boolean): Settings => {
  const { state, ...environment } = Context.get(found, Environment)
  const budget = Context.get(found, Budget)
  return {
    limits: Context.get(found, Limits),
    compaction: Context.get(found, CompactionSettings),
    fallbacks: Context.get(found, Fallbacks),
    environment,
    tellsState: state !== undefined,
    attaches: Context.get(found, FilesManager).attach !== undefined,
    counts,
    ...(Context.get(found, ToolPolicy).withoutAsking === undefined ? {} : { decidesWithoutAsking: true as const }),
    ...(budget === undefined ? {} : { budget: { limits: budget.limits, workspace: budget.workspace } })
  }
}
