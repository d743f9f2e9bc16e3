import { BudgetLedger, type BudgetLimits, type Reservation } from "@parley/domain/BudgetLedger"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { quoted } from "./ContractReading.ts"
import { type Counterexample, findAll, type Rule, type RuleSettings, single, words } from "./ContractRule.ts"
import { register } from "./ContractSuite.ts"

/**
 * What the suite needs to know of a ledger.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<E = never> extends RuleSettings {
  /** A layer of an empty ledger. */
  readonly layer: Layer.Layer<BudgetLedger, E>
}

type Ledger = BudgetLedger["Service"]
interface Subject extends RuleSettings {
  readonly ledger: Ledger
}

const millis = 60_000

/** The clock, later by this many milliseconds. */
const later =
  (shift: number) =>
  <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.flatMap(Clock.Clock, (clock) => {
      const shifted: Clock.Clock = {
        currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + shift,
        currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + shift),
        currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe(),
        currentTimeNanos: clock.currentTimeNanos,
        monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
        monotonicTimeNanos: clock.monotonicTimeNanos,
        sleep: (duration) => clock.sleep(duration)
      }
      return Effect.provideService(effect, Clock.Clock, shifted)
    })

/** Noon of a day, so that no test runs over midnight. */
const day = 86_400_000
const noon = Effect.map(Clock.currentTimeMillis, (now) => day - (now % day) + day / 2)
const atNoon = <A, E>(effect: Effect.Effect<A, E>) => Effect.flatMap(noon, (shift) => later(shift)(effect))

/** Whether a request was admitted, or which limit refused it. */
const tried = (ledger: Ledger, worst: number, limits: BudgetLimits, workspace = "/a") =>
  ledger.reserve({ workspace, worst, millis, limits }).pipe(
    Effect.result,
    Effect.map((result): Reservation | string =>
      Result.isSuccess(result)
        ? result.success
        : result.failure._tag === "CapReached"
          ? result.failure.cap
          : result.failure._tag
    )
  )

const isAdmitted = (answer: Reservation | string): answer is Reservation => typeof answer !== "string"

/** Compares what a program leads to with what it must lead to. */
const expecting = (
  problem: string,
  program: ReadonlyArray<string>,
  expected: unknown,
  received: unknown
): Counterexample | undefined =>
  quoted(expected) === quoted(received)
    ? undefined
    : { problem, program, expected: quoted(expected), received: quoted(received) }

const exact = single("admits exactly what fits, of requests that arrive together", ({ ledger }: Subject) =>
  Effect.gen(function* () {
    const answers = yield* Effect.forEach(Array.from({ length: 50 }), () => tried(ledger, 0.1, { day: 1 }), {
      concurrency: "unbounded"
    })
    const refused = answers.filter((answer) => answer === "budgetDay").length
    return expecting(
      "The ledger reserved more or less than the limit.",
      ["reserve $0.1 fifty times concurrently, with a limit of $1"],
      [10, 40],
      [answers.filter(isAdmitted).length, refused]
    )
  }).pipe(atNoon)
)

const settled = single("replaces a reservation by its real cost, which may be higher", ({ ledger }: Subject) =>
  Effect.gen(function* () {
    const limits = { day: 1 }
    const one = yield* tried(ledger, 0.9, limits)
    const full = yield* tried(ledger, 0.2, limits)
    if (isAdmitted(one)) yield* Effect.orDie(ledger.settle(one, 0.3))
    const fits = yield* tried(ledger, 0.7, limits)
    if (isAdmitted(fits)) yield* Effect.orDie(ledger.settle(fits, 5))
    const none = yield* tried(ledger, 0, limits)
    const spent = yield* Effect.orDie(ledger.spent("/a"))
    return expecting(
      "A settled reservation does not count with its real cost.",
      [
        "with a limit of $1, reserve $0.9, then $0.2",
        "settle the first on $0.3 and reserve $0.7",
        "settle that on $5 and reserve $0"
      ],
      [true, "budgetDay", true, "budgetDay", 5.3],
      [isAdmitted(one), full, isAdmitted(fits), none, spent.day]
    )
  }).pipe(atNoon)
)

const separate = single("counts a day in all workspaces together, and each workspace alone", ({ ledger }: Subject) =>
  Effect.gen(function* () {
    const limits = { day: 1, workspace: 0.5 }
    const answers = [
      yield* tried(ledger, 0.5, limits, "/a"),
      yield* tried(ledger, 0.1, limits, "/a"),
      yield* tried(ledger, 0.4, limits, "/b"),
      yield* tried(ledger, 0.2, limits, "/c")
    ]
    return expecting(
      "A limit counts the wrong workspaces.",
      ["with $1 for a day and $0.5 for a workspace: reserve $0.5 and $0.1 in /a, $0.4 in /b, $0.2 in /c"],
      ["yes", "budgetWorkspace", "yes", "budgetDay"],
      answers.map((answer) => (isAdmitted(answer) ? "yes" : answer))
    )
  }).pipe(atNoon)
)

const daily = single("begins a day with nothing, but not a workspace", ({ ledger }: Subject) =>
  Effect.gen(function* () {
    const one = yield* tried(ledger, 1, { day: 1 })
    if (isAdmitted(one)) yield* Effect.orDie(ledger.settle(one, 1))
    const tomorrow = later(day)
    const answers = [
      yield* tried(ledger, 0.1, { day: 1 }),
      yield* tomorrow(tried(ledger, 0.1, { day: 1 })),
      yield* tomorrow(tried(ledger, 0.1, { workspace: 1 }))
    ]
    return expecting(
      "A limit of a day and one of a workspace end at the wrong time.",
      ["spend $1", "reserve $0.1 with $1 for a day: today, tomorrow", "and tomorrow with $1 for the workspace"],
      ["budgetDay", "yes", "budgetWorkspace"],
      answers.map((answer) => (isAdmitted(answer) ? "yes" : answer))
    )
  }).pipe(atNoon)
)

const overdue = single("counts an unsettled reservation for ever, until it is settled late", ({ ledger }: Subject) =>
  Effect.gen(function* () {
    const limits = { workspace: 1 }
    const one = yield* tried(ledger, 0.8, limits)
    const afterwards = later(10 * millis)
    const refused = yield* afterwards(tried(ledger, 0.3, limits))
    if (isAdmitted(one)) yield* ledger.settle(one, 0.1).pipe(Effect.orDie, afterwards)
    const { workspace } = yield* Effect.orDie(ledger.spent("/a"))
    const fits = yield* afterwards(tried(ledger, 0.9, limits))
    return expecting(
      "A reservation that is overdue counts wrongly.",
      [
        "with $1 for the workspace, reserve $0.8 for a minute",
        "ten minutes later reserve $0.3",
        "settle the first on $0.1"
      ],
      ["budgetWorkspace", 0.1, true],
      [refused, workspace, isAdmitted(fits)]
    )
  }).pipe(atNoon)
)

const rules: ReadonlyArray<Rule<Subject>> = [exact, settled, separate, daily, overdue]
const subjectOf = <E>({ layer, ...settings }: Options<E>): Effect.Effect<Subject, never, Scope.Scope> =>
  Layer.fresh(layer).pipe(
    Layer.build,
    Effect.map((context) => ({ ...settings, ledger: Context.get(context, BudgetLedger) })),
    Effect.orDie
  )

/**
 * All violations of the contract.
 *
 * @since 0.1.0
 * @category functions
 */
export const violations = <E>(options: Options<E>) => findAll(rules, subjectOf(options))

/**
 * All violations of the contract, as text, for other test runners.
 *
 * @since 0.1.0
 * @category functions
 */
export const check = <E>(options: Options<E>): Effect.Effect<ReadonlyArray<string>> =>
  Effect.map(violations(options), (found) => found.map(words))

/**
 * The contract of `BudgetLedger`, as tests with the real clock. Call it in a test file.
 *
 * @since 0.1.0
 * @category functions
 */
export const suite = <E>(name: string, options: Options<E>): void => register(name, rules, subjectOf(options))
