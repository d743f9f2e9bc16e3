import type { CallProgress } from "@parley/mcp/CallProgress"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { Output } from "../output/Output.ts"
import type { Person } from "./Person.ts"

/** Minimum time between two progress lines of one tool. */
const pauseMillis = 1000

const percent = ({ progress, total }: CallProgress): string =>
  total === undefined || total <= 0
    ? `${progress}`
    : `${Math.min(100, Math.max(0, Math.round((100 * progress) / total)))} %`

/** Shows the progress of tools on a terminal, at most one line per second and tool, and none while a question is open. */
export const make = Effect.fnUntraced(function* (person: Person) {
  const output = yield* Output
  const clock = yield* Clock.Clock
  const run = Effect.runForkWith(yield* Effect.context())
  const next = new Map<string, number>()
  return (progress: CallProgress): void => {
    const now = clock.currentTimeMillisUnsafe()
    if (!person.available || person.asking() || now < (next.get(progress.tool) ?? 0)) return
    next.set(progress.tool, now + pauseMillis)
    const { message, tool } = progress
    run(output.aside(`… ${tool} ${percent(progress)}${message === undefined ? "" : ` ${message}`}`))
  }
})
