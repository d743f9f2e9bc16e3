import type { Blocked, ToolListing } from "./ToolListing.ts"
import type { Connection } from "../transport/Connection.ts"
import { countedDeaths, pauseAfter, type RestartPolicy } from "./RestartPolicy.ts"
import type { LeftOut, OfferedTool } from "../tools/ToolList.ts"

/** The information about a server that is kept across restarts. */
export interface Past {
  /** The tools of the last listing, so that a call to one of them can report why its server is not running. */
  readonly tools: ReadonlyArray<OfferedTool>
  /** The instructions of the last listing for using the tools. */
  readonly instructions: string | undefined
  /** The tools of the last listing that may not be called, with the reasons. */
  readonly blocked: ReadonlyArray<Blocked>
  /** The times of its deaths that still count, in milliseconds since the epoch. */
  readonly deaths: ReadonlyArray<number>
  /** How often it was restarted. */
  readonly restarts: number
  /** The reason for its last death. */
  readonly lastProblem: string | undefined
}

/**
 * The state of a server. While deaths are few, `Starting` and `Ready` alternate, with a pause, `Restarting`, before each new
 * start. `Failed` is final unless a user restarts the server. `Stopped` is final; every state becomes `Stopped` when the
 * scope closes.
 */
export type ServerState = { readonly past: Past } & (
  | { readonly _tag: "Starting" }
  | {
      readonly _tag: "Ready"
      readonly connection: Connection
      /** A note for a person, although the server is ready. */
      readonly note: string | undefined
      /** All tools that it offers and that are not passed on. */
      readonly leftOut: ReadonlyArray<LeftOut>
      /** Why the tools could not be listed again when they changed. The known tools may be out of date. */
      readonly stale: string | undefined
    }
  | { readonly _tag: "Restarting"; readonly pauseMillis: number }
  /** A user has to log in first. Also final unless a user restarts the server: this process neither asks nor retries. */
  | { readonly _tag: "NeedsAuth"; readonly problem: string }
  | { readonly _tag: "Failed"; readonly problem: string }
  | { readonly _tag: "Stopped" }
)

export type ServerEvent =
  /** It was restarted after a pause. */
  | { readonly _tag: "Began" }
  | { readonly _tag: "BecameReady"; readonly connection: Connection; readonly listing: ToolListing }
  | { readonly _tag: "Listed"; readonly listing: ToolListing }
  | { readonly _tag: "ListingFailed"; readonly problem: string }
  /**
   * It ended, or could not be started. `spread` is a random number between 0 and 1; `at` is in milliseconds since the epoch.
   */
  | { readonly _tag: "Died"; readonly problem: string; readonly at: number; readonly spread: number }
  /** It requires a login that is missing. */
  | { readonly _tag: "LoginMissing"; readonly problem: string }
  /** It cannot run, and retrying does not help. */
  | { readonly _tag: "GaveUp"; readonly problem: string }
  /** A user requested a restart, in any state. */
  | { readonly _tag: "Renewed" }
  | { readonly _tag: "Stopped" }

export const initial: ServerState = {
  _tag: "Starting",
  past: { tools: [], instructions: undefined, blocked: [], deaths: [], restarts: 0, lastProblem: undefined }
}

const afterDeath = (policy: RestartPolicy, before: Past, problem: string, at: number, spread: number): ServerState => {
  const deaths = countedDeaths(policy, before.deaths, at)
  const past: Past = { ...before, deaths, lastProblem: problem }
  const pauseMillis = pauseAfter(policy, deaths.length, spread)
  if (pauseMillis !== undefined) return { _tag: "Restarting", past, pauseMillis }
  const often = `it failed ${deaths.length} times within ${policy.windowMillis / 60_000} minutes and is not started again`
  return { _tag: "Failed", past, problem: deaths.length === 1 ? problem : `${problem}; ${often}` }
}

const known = ({ blocked = [], instructions, tools }: ToolListing) => ({ blocked, instructions, tools })

/** The state after an event. An event that comes too late, such as a listing of a server that has died, changes nothing. */
export const transition = (policy: RestartPolicy, state: ServerState, event: ServerEvent): ServerState => {
  const { past } = state
  if (event._tag === "Renewed")
    return state._tag === "Stopped"
      ? state
      : {
          _tag: "Starting",
          past: { ...past, deaths: [], restarts: 0, lastProblem: undefined }
        }
  const over = state._tag === "Failed" || state._tag === "NeedsAuth"
  if (state._tag === "Stopped" || (over && event._tag !== "Stopped")) return state
  switch (event._tag) {
    case "Began":
      return { _tag: "Starting", past: { ...past, restarts: past.restarts + 1 } }
    case "BecameReady": {
      const { listing, connection } = event
      return {
        _tag: "Ready",
        past: { ...past, ...known(listing) },
        connection,
        note: listing.note,
        leftOut: listing.leftOut ?? [],
        stale: undefined
      }
    }
    case "Listed":
      return state._tag === "Ready"
        ? {
            ...state,
            past: { ...past, ...known(event.listing) },
            note: event.listing.note,
            leftOut: event.listing.leftOut ?? [],
            stale: undefined
          }
        : state
    case "ListingFailed":
      return state._tag === "Ready" ? { ...state, stale: event.problem } : state
    case "Died":
      return state._tag === "Restarting" ? state : afterDeath(policy, past, event.problem, event.at, event.spread)
    case "LoginMissing":
      return { _tag: "NeedsAuth", past: { ...past, lastProblem: event.problem }, problem: event.problem }
    case "GaveUp":
      return { _tag: "Failed", past: { ...past, lastProblem: event.problem }, problem: event.problem }
    case "Stopped":
      return { _tag: "Stopped", past }
  }
}
