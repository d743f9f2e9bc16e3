// A process of `pnpm programs`: runs programs until one fails, and says to its parent what it did.
import process from "node:process"
import { SessionManager } from "@parley/domain/SessionManager"
import { Invariants, ProgramRunner, Programs } from "@parley/testing"
import { Effect, Logger } from "effect"
import * as Arbitrary from "effect/Arbitrary"
import { TestClock } from "effect/testing"
import { engine, limits } from "./Engine.ts"
import * as ContextLaws from "./support/ContextLaws.ts"
import * as ContextWorld from "./support/ContextWorld.ts"

const [seed, runs, minutes] = process.argv.slice(2, 5).map(Number)
const laws = process.argv[5] === "laws"
if (seed === undefined || runs === undefined || minutes === undefined)
  throw new Error("usage: programs-worker SEED RUNS MINUTES [laws]")

const batch = 500
let invariants = ""
const total = { rounds: 0, requests: 0, calls: 0, compactions: 0 }

interface Report {
  readonly violations: ReadonlyArray<string>
  readonly findings: Pick<Invariants.Findings, "checked" | "unchecked">
  readonly rounds: number
  readonly requests: number
  readonly calls?: number
  readonly compactions?: number
}

const property =
  <Program, E, R>(run: (program: Program) => Effect.Effect<Report, E, R>) =>
  (program: Program) =>
    Effect.gen(function* () {
      const report = yield* run(program)
      invariants = Invariants.summary(report.findings)
      total.rounds += report.rounds
      total.requests += report.requests
      total.calls += report.calls ?? 0
      total.compactions += report.compactions ?? 0
      if (report.violations.length > 0) return yield* Effect.fail(report.violations)
      return true
    }).pipe(Effect.provide([SessionManager.layerMemory, TestClock.layer(), Logger.layer([])], { local: true }))

const check = <Program, E>(
  arbitrary: Arbitrary.Arbitrary<Program>,
  holds: (program: Program) => Effect.Effect<boolean, E>,
  options: { readonly runs: number; readonly seed: number; readonly maxShrinks: number }
) =>
  Effect.map(Arbitrary.checkEffect(arbitrary, holds, options), (result) => ({
    words: Arbitrary.formatCheckFailure(result),
    ran: result._tag === "Passed" || result._tag === "Falsified" ? result.runs : 0
  }))

const programs = property((program: Programs.Program) => ProgramRunner.run(program, engine, limits))
const contexts = property(ContextLaws.run)

const started = performance.now()
let done = 0
let failure: string | undefined
while (done < runs && failure === undefined && performance.now() - started < minutes * 60_000) {
  const size = Math.min(batch, runs - done)
  const options = { runs: size, seed: seed + done, maxShrinks: 2000 }
  const checked = laws ? check(ContextWorld.arbitrary, contexts, options) : check(Programs.arbitrary, programs, options)
  const { ran, words } = await Effect.runPromise(checked)
  if (words !== undefined) failure = `seed ${seed + done}: ${words}`
  done += ran
}
const seconds = (performance.now() - started) / 1000
process.send?.(
  JSON.stringify({ seed, runs: done, ...total, invariants, seconds, ...(failure === undefined ? {} : { failure }) })
)
