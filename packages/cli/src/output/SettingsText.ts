import { format } from "@parley/domain/ModelRef"
import type { SessionLimits, SessionSettings } from "@parley/domain/SessionSettings"

const limitsOf = (limits: SessionLimits): string =>
  Object.entries(limits)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ")

/** What was chosen for a session, one line for each. */
export const lines = ({ effort, limits, model }: SessionSettings): ReadonlyArray<string> => [
  ...(model === undefined ? [] : [`model: ${format(model)}`]),
  ...(effort === undefined ? [] : [`effort: ${effort}`]),
  ...(limits === undefined ? [] : [`limits: ${limitsOf(limits)}`])
]
