import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { theCommand } from "../../packages/harness/src/command/command.ts"
import { makePlace, type Place } from "../../scripts/crash/place.ts"
import type { Job } from "../../scripts/crash/report.ts"
import { none, prepare, prepareEmpty, type Round, rounds } from "../../scripts/crash/rounds.ts"

/** A place of the crash harness until the scope closes. `command` starts Parley; default: the command all tests share. */
export const placeAt = (command: ReadonlyArray<string> = [theCommand().parley]) =>
  Effect.acquireRelease(
    Effect.promise(() => makePlace(mkdtempSync(join(tmpdir(), "parley-crash-")), command)),
    ({ provider, root }) =>
      Effect.sync(() => {
        provider.close()
        rmSync(root, { recursive: true, force: true })
      })
  )

/** A place with all homes from which rounds start. */
export const prepared = Effect.tap(placeAt(), (place) => Effect.promise(() => prepare(place)))

/** A place with a home that has an empty database. */
export const empty = Effect.tap(placeAt(), (place) => Effect.promise(() => prepareEmpty(place)))

/** Asserts that the job comes into effect and finds no problem. */
export const quiet = (place: Place, job: Job) =>
  Effect.map(
    Effect.promise(() => job.run(place)),
    ({ reached, verdict }) => {
      assert.deepStrictEqual(verdict, none, `${job.round}, ${job.name}`)
      assert.strictEqual(Number(reached), job.points ?? 1, `${job.round}, ${job.name} was not reached`)
    }
  )

export const needed = (name: string): Round =>
  rounds.find((round) => round.name === name) ?? assert.fail(`no round is named ${name}`)
