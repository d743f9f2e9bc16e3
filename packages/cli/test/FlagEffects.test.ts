import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { connecting, rounds } from "./flags/Rounds.ts"
import { property } from "./flags/Property.ts"
import * as Table from "./flags/Table.ts"
import type { Facts } from "./flags/World.ts"
import { place } from "./support/Cli.ts"

const nowhere: Facts = { root: "", alpha: "", beta: "", home: "", session: "", other: "", parked: "", hash: "" }

/** All flags of all commands, as the command itself completes them. */
const flagsIn = (completions: string): ReadonlyArray<string> =>
  completions.split("\n").flatMap((line) => {
    const flag = / -l ([a-z-]+)/.exec(line)?.[1]
    const command = [...line.matchAll(/__fish_seen_subcommand_from ([a-z]+)/g)].map(([, word]) => word).join(" ")
    return flag === undefined || command === "" || flag.startsWith("no-") ? [] : [`${command} --${flag}`]
  })

it.live("each flag of each command has an experiment, and there are no others", () =>
  Effect.gen(function* () {
    const here = yield* place
    const { stdout } = yield* here.run(["--completions", "fish"])
    const tables = [Table.sessions, Table.context, Table.servers, Table.trust].map((experiments) => ({ experiments }))
    const all = [...tables, yield* rounds, yield* connecting].flatMap(({ experiments }) => experiments(nowhere))
    const tried = new Set(all.map(({ command, flag }) => `${command} --${flag}`))
    assert.isAbove(tried.size, 100)
    assert.deepStrictEqual([...tried].sort(), [...new Set(flagsIn(stdout))].sort())
  })
)

property("sessions, models and tools", Effect.succeed({ experiments: Table.sessions }))
property("context, files and slots", Effect.succeed({ experiments: Table.context }))
property("run and chat", rounds)
