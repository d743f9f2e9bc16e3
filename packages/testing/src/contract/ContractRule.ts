import * as Arbitrary from "effect/Arbitrary"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"

/** How a manager broke a rule of its contract. */
export interface Counterexample {
  /** One sentence. */
  readonly problem: string
  /** What was done to the manager, one line for each step. */
  readonly program: ReadonlyArray<string>
  readonly expected: string
  readonly received: string
}

/** A counterexample, the rule that it breaks, and after how many runs it was found. */
export interface Violation extends Counterexample {
  readonly rule: string
  readonly runs: number
}

/** One rule of a contract: looks for a violation by a manager and what the user described of it. */
export interface Rule<in Subject> {
  readonly title: string
  readonly find: (subject: Subject) => Effect.Effect<Violation | undefined>
}

/** Settings that all suites share. */
export interface RuleSettings {
  /** How long an operation may take, in real time. Default: 5 seconds. */
  readonly patience?: Duration.Input
  /** How many generated programs are run for each rule that has programs. Default: as many as the rule needs. */
  readonly runs?: number
  /** The seed of the generated programs. Default: 1. */
  readonly seed?: number
}

/** A rule that needs one run. */
export const single = <Subject>(
  title: string,
  run: (subject: Subject) => Effect.Effect<Counterexample | undefined>
): Rule<Subject> => ({
  title,
  find: (subject) =>
    Effect.map(run(subject), (found) => (found === undefined ? undefined : { ...found, rule: title, runs: 1 }))
})

/** A rule that is checked with generated programs. The program of a violation is shrunk. */
export const generated = <Subject extends RuleSettings, Program>(
  title: string,
  arbitrary: Arbitrary.Arbitrary<Program>,
  run: (subject: Subject, program: Program) => Effect.Effect<Counterexample | undefined>,
  runs = 100
): Rule<Subject> => ({
  title,
  find: (subject) =>
    Arbitrary.checkEffect(
      arbitrary,
      (program) =>
        Effect.flatMap(run(subject, program), (found) =>
          found === undefined ? Effect.succeed(true) : Effect.fail(found)
        ),
      { runs: subject.runs ?? runs, seed: subject.seed ?? 1, maxShrinks: 300 }
    ).pipe(
      Effect.map((result): Violation | undefined => {
        if (result._tag === "Passed") return undefined
        if (result._tag === "Falsified" && result.failure._tag === "PropertyError")
          return { ...result.failure.error, rule: title, runs: result.runs }
        const problem = "The rule could not be checked with generated programs."
        return { rule: title, problem, program: [], expected: "Passed", received: result._tag, runs: 0 }
      })
    )
})

/** Time passes in reality, also where a test has a `TestClock`. */
const live = Effect.provideService(Clock.Clock, Clock.Clock.defaultValue())

export const pause = (duration: Duration.Input): Effect.Effect<void> => live(Effect.sleep(duration))

/** The exit of an operation; `late` if it is not finished in time. It is interrupted then. */
export const exitOf = <A, E, R>(
  operation: Effect.Effect<A, E, R>,
  { patience = "5 seconds" }: RuleSettings
): Effect.Effect<Exit.Exit<A, E> | "late", never, R> =>
  Effect.raceFirst(Effect.exit(operation), Effect.as(pause(patience), "late" as const))

/** One line about an exit without a value. */
export const failureOf = <A, E>(exit: Exit.Exit<A, E> | "late"): string => {
  if (exit === "late") return "nothing in time"
  if (Exit.isSuccess(exit)) return "a success"
  const kind = Cause.hasDies(exit.cause)
    ? "a defect"
    : Cause.hasInterrupts(exit.cause)
      ? "an interruption"
      : "a failure"
  return `${kind}: ${Cause.prettyErrors(exit.cause)[0]?.message ?? "without a message"}`
}

/** What is wrong with an operation that must succeed, as the rest of a sentence; undefined if it succeeded. */
export const fault = <A, E>(exit: Exit.Exit<A, E> | "late"): string | undefined => {
  if (exit === "late") return "did not settle in time"
  if (Exit.isSuccess(exit)) return undefined
  return Cause.hasDies(exit.cause) ? "died" : Cause.hasInterrupts(exit.cause) ? "was interrupted" : "failed"
}

/** All violations of the rules. Each rule gets a subject of its own. */
export const findAll = <Subject>(
  rules: ReadonlyArray<Rule<Subject>>,
  subject: Effect.Effect<Subject, never, Scope.Scope>
): Effect.Effect<ReadonlyArray<Violation>> =>
  Effect.map(
    Effect.forEach(rules, ({ find }) => Effect.scoped(Effect.flatMap(subject, find))),
    (all) => all.filter((violation) => violation !== undefined)
  )

/** The violation as text: the sentence, the program, what was expected and what was received. */
export const words = ({ expected, problem, program, received }: Counterexample): string =>
  [
    problem,
    ...program.map((step, i) => `  ${i + 1}. ${step}`),
    `  expected: ${expected === "" ? "nothing" : expected}`,
    `  received: ${received === "" ? "nothing" : received}`
  ].join("\n")
