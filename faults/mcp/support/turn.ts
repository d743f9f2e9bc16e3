import type { ToolInput } from "@parley/domain/McpManager"
import { all, start, stop, toolUse } from "../../../packages/harness/src/provider/wire.ts"

/** A tool by its qualified name, with no input, or with one. */
export type Call = string | readonly [tool: string, input: ToolInput]

/** A turn in which the model calls these. */
export const turnOf = (calls: ReadonlyArray<Call>, turn: number): string =>
  all(
    start(),
    ...calls.flatMap((call, i) =>
      typeof call === "string"
        ? toolUse(i, call, "{}", `toolu_${turn}_${i}`)
        : toolUse(i, call[0], JSON.stringify(call[1]), `toolu_${turn}_${i}`)
    ),
    ...stop("tool_use")
  )
