// A process of `pnpm programs`: runs programs until one fails, and says to its parent what it did.
import process from "node:process"
import { SessionManager } from "@parley/domain/SessionManager"
import { ProgramRunner, Programs } from "@parley/testing"
import { Effect, Logger } from "effect"
import * as Arbitrary from "effect/Arbitrary"
import { TestClock } from "effect/testing"
import { engine, limits } from "./Engine.ts"

const [seed, runs, minutes] = process.argv.slice(2).map(Number)
if (seed === undefined || runs === undefined || minutes === undefined)
  throw new Error("usage: programs-worker SEED RUNS MINUTES")

const batch = 500
const total = { rounds: 0, requests: 0, calls: 0 }

const property = (program: Programs.Program) =>
  Effect.gen(function* () {
    const report = yield* ProgramRunner.run(program, engine, limits)
    total.rounds += report.rounds
    total.requests += report.requests
    total.calls += report.calls
    if (report.violations.length > 0) return yield* Effect.fail(report.violations)
    return true
  }).pipe(Effect.provide([SessionManager.layerMemory, TestClock.layer(), Logger.layer([])], { local: true }))

const started = performance.now()
let done = 0
let failure: string | undefined
while (done < runs && failure === undefined && performance.now() - started < minutes * 60_000) {
  const size = Math.min(batch, runs - done)
  const options = { runs: size, seed: seed + done, maxShrinks: 2000 }
  const result = await Effect.runPromise(Arbitrary.checkEffect(Programs.arbitrary, property, options))
  const words = Arbitrary.formatCheckFailure(result)
  if (words !== undefined) failure = `seed ${seed + done}: ${words}`
  done += result._tag === "Passed" || result._tag === "Falsified" ? result.runs : 0
}
const seconds = (performance.now() - started) / 1000
process.send?.(JSON.stringify({ seed, runs: done, ...total, seconds, ...(failure === undefined ? {} : { failure }) }))
