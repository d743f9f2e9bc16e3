import { concealing, type Conceal, concealingNames, secretsOf } from "./Concealing.ts"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"

/** Takes the secrets that a server was given out of what it says. */
export interface ServerSecrets {
  readonly conceal: Conceal
  /** The same for all texts of a message. Names of properties keep what could be a name. */
  readonly concealAll: (message: unknown) => unknown
}

export const noSecrets: ServerSecrets = { conceal: (text) => text, concealAll: (message) => message }

/** Deeper than anything that is shown or kept. What is below is dropped. */
const deepest = 200

export const serverSecrets = (config: McpServerConfig): ServerSecrets => {
  if (secretsOf(config).length === 0) return noSecrets
  const conceal = concealing(config)
  const names = concealingNames(config)
  const go = (value: unknown, depth: number): unknown => {
    if (typeof value === "string") return conceal(value)
    if (typeof value !== "object" || value === null) return value
    if (depth > deepest) return null
    if (Array.isArray(value)) return value.map((item) => go(item, depth + 1))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [names(key), go(item, depth + 1)]))
  }
  return { conceal, concealAll: (message) => go(message, 0) }
}
