import type { ServerStatus } from "@parley/domain/McpManager"
import type { ServerState } from "./ServerState.ts"

/** Why a server is not ready, as a message for a person; undefined if it is ready. */
export const whyNotReady = (state: ServerState): string | undefined => {
  switch (state._tag) {
    case "Ready":
      return undefined
    case "Starting":
      return state.past.lastProblem ?? "it is still starting"
    case "Restarting":
      return state.past.lastProblem
    case "NeedsAuth":
    case "Failed":
      return state.problem
    case "Stopped":
      return "it has been stopped"
  }
}

const stateNames: { readonly [tag in ServerState["_tag"]]: ServerStatus["state"] } = {
  Starting: "starting",
  Ready: "ready",
  Restarting: "restarting",
  NeedsAuth: "needs-auth",
  Failed: "failed",
  Stopped: "stopped"
}

const problemOf = (state: ServerState, notes: ReadonlyArray<string>): string | undefined => {
  if (state._tag !== "Ready") return whyNotReady(state)
  const stale = state.stale === undefined ? undefined : `its tools have changed and ${state.stale}`
  const present = [state.note, stale, ...notes].filter((part) => part !== undefined)
  return present.length === 0 ? undefined : present.join("; ")
}

/** The status of a server. `notes` are notes for a person about the catalog of a ready server. */
export const statusOf = (name: string, state: ServerState, notes: ReadonlyArray<string> = []): ServerStatus => {
  const problem = problemOf(state, notes)
  const leftOut = state._tag === "Ready" ? state.leftOut : []
  const { blocked, lastProblem, restarts, tools } = state.past
  return {
    name,
    state: stateNames[state._tag],
    tools: state._tag === "Ready" ? tools.length : 0,
    ...(problem === undefined ? {} : { problem }),
    ...(leftOut.length === 0 ? {} : { leftOut }),
    ...(blocked.length === 0 ? {} : { blocked: blocked.length }),
    ...(restarts === 0 ? {} : { restarts }),
    ...(lastProblem === undefined ? {} : { lastProblem })
  }
}
