import * as Inbox from "./InboxInvariants.ts"
import * as History from "./HistoryInvariants.ts"
import type { Known, Violations } from "./Known.ts"
import * as Log from "./LogInvariants.ts"
import * as Retry from "./RetryInvariants.ts"
import * as Output from "./OutputInvariants.ts"
import * as Question from "./QuestionInvariants.ts"
import * as Tool from "./ToolInvariants.ts"

/**
 * The invariants of every session, as functions from the known facts about it to the violations found. An empty list means
 * that the invariant holds. Names and numbers follow the catalogue in `docs/invariants.md`.
 */
export type { Known, RecordedCall, RecordedRequest, Violations } from "./Known.ts"
export * from "./HistoryInvariants.ts"
export * from "./InboxInvariants.ts"
export * from "./LogInvariants.ts"
export * from "./RetryInvariants.ts"
export * from "./OutputInvariants.ts"
export * from "./QuestionInvariants.ts"
export * from "./ToolInvariants.ts"

/**
 * The violations of an invariant by a session, or the facts that are missing to check it.
 *
 * @since 0.1.0
 * @category models
 */
export type Answer =
  | { readonly _tag: "Checked"; readonly violations: Violations }
  | {
      readonly _tag: "NotChecked"
      /** The facts that are missing. */
      readonly lacks: ReadonlyArray<keyof Known>
      /** Violations found by the part of the check that needs only the log. */
      readonly violations: Violations
    }

/**
 * An invariant of the catalogue that can be checked from a log and from records of its subscribers, models and tools.
 *
 * @since 0.1.0
 * @category models
 */
export interface Invariant {
  readonly name: string
  /** What violates the invariant, and which facts were missing. */
  readonly check: (known: Known) => Answer
}

const invariant = <Need extends keyof Known = never>(
  name: string,
  needs: ReadonlyArray<Need>,
  check: (known: Known & { readonly [N in Need]-?: NonNullable<Known[N]> }) => Violations,
  ofLog: (known: Known) => Violations = () => []
): Invariant => {
  const enough = (known: Known): known is Parameters<typeof check>[0] =>
    needs.every((need) => known[need] !== undefined)
  return {
    name,
    check: (known) =>
      enough(known)
        ? { _tag: "Checked", violations: [...ofLog(known), ...check(known)] }
        : {
            _tag: "NotChecked",
            lacks: needs.filter((need) => known[need] === undefined),
            violations: ofLog(known)
          }
  }
}

/**
 * The invariants by their number in the catalogue. All others have separate tests, except those in `notYet`.
 *
 * @since 0.1.0
 * @category constants
 */
export const all: { readonly [number: number]: Invariant } = {
  1: invariant("dense order", ["seen"], ({ seen }) => Log.denseOrder(seen)),
  2: invariant("tree", [], ({ log }) => History.tree(log)),
  3: invariant("forward only", [], ({ log }) => [...Log.turnsEndOnce(log), ...Log.nothingAfterClose(log)]),
  4: invariant("append only", ["snapshots"], ({ snapshots }) => History.appendOnly(snapshots)),
  5: invariant("one open", [], ({ log }) => [...Log.closed(log), ...Log.turnsEndOnce(log)]),
  7: invariant("prefix", ["seen"], ({ seen }) => Log.deltasConcatenate(seen)),
  10: invariant("shown is stored", ["seen", "committed"], ({ committed, seen }) =>
    History.shownIsStored(seen, committed)
  ),
  13: invariant("well-formed", [], ({ log }) => History.wellFormed(log)),
  14: invariant("exactly one", [], ({ log }) => Log.settledOnce(log)),
  15: invariant(
    "intent first",
    ["calls"],
    ({ calls }) => Tool.intentStored(calls),
    ({ log }) => Log.intentFirst(log)
  ),
  16: invariant("no early start", ["calls"], ({ calls }) => Tool.turnStoredFirst(calls)),
  17: invariant("at most once", ["calls"], ({ calls }) => Tool.atMostOnce(calls)),
  18: invariant("unknown is honest", ["calls"], ({ calls, log }) => Tool.unknownIsHonest(log, calls)),
  20: invariant("concurrency bound", ["calls", "toolConcurrency"], ({ calls, toolConcurrency }) =>
    Tool.concurrencyBound(calls, toolConcurrency)
  ),
  22: invariant("no execution from bad turns", ["calls"], ({ calls, log }) => Tool.noneFromBadTurns(log, calls)),
  23: invariant("frozen tools", ["recorded"], ({ log, recorded }) => History.frozenTools(recorded, log)),
  25: invariant("legal", ["requests"], ({ log, requests }) => Log.legalRequests(requests, log)),
  26: invariant("prefix stability", ["requests"], ({ log, recorded, requests }) =>
    Log.prefixStable(
      requests,
      log,
      recorded?.map(({ turnId }) => turnId)
    )
  ),
  28: invariant("nothing volatile", ["recorded"], ({ recorded }) => History.nothingVolatile(recorded)),
  29: invariant("excluded rows", ["requests"], ({ log, requests }) => Log.excludesFailed(log, requests)),
  31: invariant("retry is new", [], ({ log }) => Retry.retriesAreNew(log)),
  44: invariant("storage failure is loud", ["recorded"], ({ recorded }) => History.turnBeforeRequest(recorded)),
  46: invariant("usage adds up", ["info"], ({ info, log }) => History.usageAddsUp(log, info)),
  54: invariant("answers follow", [], ({ log }) => Output.answersFollow(log)),
  55: invariant("answered first", [], ({ log }) => Question.answeredFirst(log)),
  56: invariant("delivered once", [], ({ log }) => Inbox.deliveredOnce(log))
}

/**
 * Invariants of the catalogue that are not checked yet, with the reason.
 *
 * @since 0.1.0
 * @category constants
 */
export const notYet: { readonly [number: number]: string } = {
  52: "cluster equals local: there is no cluster yet"
}

/**
 * The violations found in a session, and the invariants that could not be checked.
 *
 * @since 0.1.0
 * @category models
 */
export interface Findings {
  readonly violations: Violations
  /** The numbers of the invariants in `all` that were checked completely. */
  readonly checked: ReadonlyArray<number>
  /** The other invariants in `all`, as text: number, name, and the missing facts. */
  readonly unchecked: ReadonlyArray<string>
}

/**
 * Checks all invariants for a session without a running round.
 *
 * @since 0.1.0
 * @category functions
 */
export const check = (known: Known): Findings => {
  const answers = Object.entries(all).map(([number, { check, name }]) => ({
    number: Number(number),
    title: `${number} ${name}`,
    answer: check(known)
  }))
  return {
    violations: answers.flatMap(({ answer, title }) => answer.violations.map((violation) => `${title}: ${violation}`)),
    checked: answers.flatMap(({ answer, number }) => (answer._tag === "Checked" ? [number] : [])),
    unchecked: answers.flatMap(({ answer, title }) =>
      answer._tag === "NotChecked" ? [`${title}: needs ${answer.lacks.join(", ")}`] : []
    )
  }
}

/**
 * One line for a report: how many invariants were checked, which were not, and which have no check yet.
 *
 * @since 0.1.0
 * @category functions
 */
export const summary = ({ checked, unchecked }: Pick<Findings, "checked" | "unchecked">): string =>
  [
    `${checked.length} of ${Object.keys(all).length} invariants of sessions checked`,
    ...(unchecked.length === 0 ? [] : [`not checked: ${unchecked.join("; ")}`]),
    ...Object.entries(notYet).map(([number, why]) => `not checked by anything yet: ${number} ${why}`)
  ].join("; ")
