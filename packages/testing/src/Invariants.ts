import * as History from "./internal/HistoryInvariants.ts"
import type { Known, Violations } from "./internal/Known.ts"
import * as Log from "./internal/LogInvariants.ts"
import * as Tool from "./internal/ToolInvariants.ts"

/**
 * What must hold of every session, as functions from what is known of it to the violations found. Empty means it holds.
 * Names and numbers follow the catalogue in `docs/invariants.md`.
 */
export type { Known, RecordedCall, RecordedRequest, Violations } from "./internal/Known.ts"
export * from "./internal/HistoryInvariants.ts"
export * from "./internal/LogInvariants.ts"
export * from "./internal/ToolInvariants.ts"

/** An invariant of the catalogue: a function, or where else it is checked. */
export interface Invariant {
  readonly name: string
  readonly check: (known: Known) => Violations
}

const invariant = (name: string, check: Invariant["check"]): Invariant => ({ name, check })
const none: Violations = []

/** The invariants that a log, its subscribers, models and tools can tell, by their number in the catalogue. */
export const all: { readonly [number: number]: Invariant } = {
  1: invariant("dense order", ({ seen }) => Log.denseOrder(seen)),
  2: invariant("tree", ({ log }) => History.tree(log)),
  3: invariant("forward only", ({ log }) => [...Log.turnsEndOnce(log), ...Log.nothingAfterClose(log)]),
  4: invariant("append only", ({ snapshots = [] }) => History.appendOnly(snapshots)),
  5: invariant("one open", ({ log }) => [...Log.closed(log), ...Log.turnsEndOnce(log)]),
  7: invariant("prefix", ({ seen }) => Log.deltasConcatenate(seen)),
  10: invariant("shown is stored", ({ committed, seen }) =>
    committed === undefined ? none : History.shownIsStored(seen, committed)
  ),
  13: invariant("well-formed", ({ log }) => History.wellFormed(log)),
  14: invariant("exactly one", ({ log }) => Log.settledOnce(log)),
  15: invariant("intent first", ({ calls = [], log }) => [...Log.intentFirst(log), ...Tool.intentStored(calls)]),
  16: invariant("no early start", ({ calls = [] }) => Tool.turnStoredFirst(calls)),
  17: invariant("at most once", ({ calls = [] }) => Tool.atMostOnce(calls)),
  18: invariant("unknown is honest", ({ calls = [], log }) => Tool.unknownIsHonest(log, calls)),
  20: invariant("concurrency bound", ({ calls = [], toolConcurrency }) =>
    toolConcurrency === undefined ? none : Tool.concurrencyBound(calls, toolConcurrency)
  ),
  22: invariant("no execution from bad turns", ({ calls = [], log }) => Tool.noneFromBadTurns(log, calls)),
  23: invariant("frozen tools", ({ log, recorded = [] }) => History.frozenTools(recorded, log)),
  25: invariant("legal", ({ log, requests }) => Log.legalRequests(requests, log)),
  26: invariant("prefix stability", ({ log, recorded, requests }) =>
    Log.prefixStable(
      requests,
      log,
      recorded?.map(({ turnId }) => turnId)
    )
  ),
  28: invariant("nothing volatile", ({ recorded = [] }) => History.nothingVolatile(recorded)),
  29: invariant("excluded rows", ({ log, requests }) => Log.excludesFailed(log, requests)),
  31: invariant("retry is new", ({ log }) => Log.retriesAreNew(log)),
  44: invariant("storage failure is loud", ({ recorded = [] }) => History.turnBeforeRequest(recorded)),
  46: invariant("usage adds up", ({ info, log }) => (info === undefined ? none : History.usageAddsUp(log, info)))
}

/** All of them, of a session at rest. */
export const check = (known: Known): Violations =>
  Object.entries(all).flatMap(([number, { check, name }]) =>
    check(known).map((violation) => `${number} ${name}: ${violation}`)
  )
