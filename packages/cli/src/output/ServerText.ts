import type { ServerStatus } from "@parley/domain/McpManager"
import { inLine } from "./Render.ts"

/** The status of a server in one line. */
export const statusLine = ({ name, problem, restarts, state, tools }: ServerStatus): string =>
  [
    `${name}: ${state === "ready" ? `${tools} tools` : state}`,
    ...(restarts === undefined ? [] : [`restarted ${restarts} times`]),
    ...(problem === undefined ? [] : [inLine(problem)])
  ].join("; ")
