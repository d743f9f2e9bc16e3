import type { CallProgress } from "@parley/mcp/Progress"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { Output } from "./Output.ts"
import type { Questions } from "./Questions.ts"

/** So long nothing more is said of one tool. */
const pauseMillis = 1000

const percent = ({ progress, total }: CallProgress): string =>
  total === undefined || total <= 0
    ? `${progress}`
    : `${Math.min(100, Math.max(0, Math.round((100 * progress) / total)))} %`

/** Shows on a terminal how far tools have got, a line in a while, and nothing while a person is asked something. */
export const make = Effect.fnUntraced(function* (questions: Questions) {
  const output = yield* Output
  const clock = yield* Clock.Clock
  const run = Effect.runForkWith(yield* Effect.context())
  const next = new Map<string, number>()
  return (progress: CallProgress): void => {
    const now = clock.currentTimeMillisUnsafe()
    if (!questions.available || questions.asking() || now < (next.get(progress.tool) ?? 0)) return
    next.set(progress.tool, now + pauseMillis)
    const { message, tool } = progress
    run(output.aside(`… ${tool} ${percent(progress)}${message === undefined ? "" : ` ${message}`}`))
  }
})
