import { text } from "@parley/domain/Content"
import { Environment } from "@parley/domain/Environment"
import type { DynamicResult } from "@parley/domain/SessionContext"
import type { SystemPrompt } from "@parley/domain/SystemPrompt"
import * as Effect from "effect/Effect"

/** The id of the built-in slot. A slot of the user with this id takes its place. */
const slot = "workspace-state"

/**
 * The state of the workspace as the value of a built-in slot: it is sent again only when it has changed, so that the baseline
 * stays the same. Undefined if there is none, or `includeRepository` of the prompt switches it off.
 */
export const read = Effect.fnUntraced(function* (prompt: SystemPrompt) {
  const { state } = yield* Environment
  const told = state === undefined || prompt.includeRepository === false ? undefined : yield* state
  if (told === undefined || told === "") return undefined
  const value: DynamicResult = {
    slot,
    toolName: "parley",
    state: "fresh",
    why: "the state of the workspace; `includeRepository` of the prompt switches it off",
    isError: false,
    result: [text(told)]
  }
  return value
})

/** The values of slots, with that of the workspace first. */
export const before = (
  values: ReadonlyArray<DynamicResult>,
  workspace: DynamicResult | undefined
): ReadonlyArray<DynamicResult> =>
  workspace === undefined || values.some((value) => value.slot === slot) ? values : [workspace, ...values]
