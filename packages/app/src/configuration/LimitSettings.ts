import type { LimitsOptions } from "@parley/session/Limits"
import * as Duration from "effect/Duration"
import type { Setup } from "./Setup.ts"

const seconds = (amount: number | undefined) => (amount === undefined ? undefined : Duration.seconds(amount))

/** The limits of a setup, as the engine takes them. Those that are not set keep their values. */
export const limitsOf = ({
  firstTokenSeconds,
  idleSeconds,
  roundSeconds,
  toolSeconds,
  turnSeconds,
  ...others
}: Setup["limits"]): LimitsOptions => ({
  ...others,
  firstChunk: seconds(firstTokenSeconds),
  idle: seconds(idleSeconds),
  turn: seconds(turnSeconds),
  tool: seconds(toolSeconds),
  round: seconds(roundSeconds)
})
