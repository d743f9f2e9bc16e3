import type { Blocked } from "./Admission.ts"
import type { Connection } from "./internal/Connection.ts"
import { countedDeaths, pauseAfter, type RestartPolicy } from "./RestartPolicy.ts"
import type { LeftOut, OfferedTool } from "./ToolList.ts"
import type { Catalog } from "./ToolListing.ts"

/** What stays known of a server from one life to the next. */
export interface Past {
  /** What it offered when it was last listed, so that a call can be told what became of its server. */
  readonly tools: ReadonlyArray<OfferedTool>
  /** What it said then of how they are to be used. */
  readonly instructions: string | undefined
  /** What else it offered then, and why that may not be called. */
  readonly blocked: ReadonlyArray<Blocked>
  /** When it died, as far as that still counts. */
  readonly deaths: ReadonlyArray<number>
  /** How often it was started again. */
  readonly restarts: number
  /** Why it died last. */
  readonly lastProblem: string | undefined
}

/**
 * How a server fares. `Starting` and `Ready` follow each other for as long as deaths are few, with a pause, `Restarting`,
 * before each new start. `Failed` is for good, and so is `Stopped`, which is what the end of the scope makes of any state.
 */
export type ServerState = { readonly past: Past } & (
  | { readonly _tag: "Starting" }
  | {
      readonly _tag: "Ready"
      readonly connection: Connection
      /** What a person should know although the server is ready. */
      readonly note: string | undefined
      /** The tools it offers that are not passed on, all of them. */
      readonly leftOut: ReadonlyArray<LeftOut>
      /** Why the tools could not be listed again when they changed: those that are known may be out of date. */
      readonly stale: string | undefined
    }
  | { readonly _tag: "Restarting"; readonly pauseMillis: number }
  /** Somebody has to log in first. For good as well: this process asks nobody, and tries nothing again. */
  | { readonly _tag: "NeedsAuth"; readonly problem: string }
  | { readonly _tag: "Failed"; readonly problem: string }
  | { readonly _tag: "Stopped" }
)

export type ServerEvent =
  /** Started again after a pause. */
  | { readonly _tag: "Began" }
  | { readonly _tag: "BecameReady"; readonly connection: Connection; readonly catalog: Catalog }
  | { readonly _tag: "Listed"; readonly catalog: Catalog }
  | { readonly _tag: "ListingFailed"; readonly problem: string }
  /** It ended, or could not be started. `spread` is drawn between 0 and 1. */
  | { readonly _tag: "Died"; readonly problem: string; readonly at: number; readonly spread: number }
  /** It wants a login that is not there. */
  | { readonly _tag: "LoginMissing"; readonly problem: string }
  /** It cannot run at all, whatever is tried. */
  | { readonly _tag: "GaveUp"; readonly problem: string }
  /** Somebody has it started anew, whatever came of it before. */
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

const known = ({ blocked = [], instructions, tools }: Catalog) => ({ blocked, instructions, tools })

/** What an event makes of a state. An event that comes too late, such as a listing of a server that has died, is nothing. */
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
      const { catalog, connection } = event
      return {
        _tag: "Ready",
        past: { ...past, ...known(catalog) },
        connection,
        note: catalog.note,
        leftOut: catalog.leftOut ?? [],
        stale: undefined
      }
    }
    case "Listed":
      return state._tag === "Ready"
        ? {
            ...state,
            past: { ...past, ...known(event.catalog) },
            note: event.catalog.note,
            leftOut: event.catalog.leftOut ?? [],
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
