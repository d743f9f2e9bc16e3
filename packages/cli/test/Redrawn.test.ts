import { it } from "@effect/vitest"
import { Effect } from "effect"
import { configured } from "./support/Caller.ts"
import { place } from "./support/Cli.ts"
import { terminal } from "./support/Terminal.ts"

it.live("output during typing goes below the prompt, which is shown again below it with the typed text", () =>
  Effect.gen(function* () {
    const here = yield* place
    yield* configured(here)
    const { shows, type } = yield* terminal(here, ["chat"])
    yield* shows(/> [^\n]*$/)
    yield* type("half a mess")
    yield* shows(/half a mess$/)
    yield* here.run(["mcp", "restart", "s"])
    // On a line of its own, and the prompt after it on another.
    yield* shows(/half a mess\r?\n[^\n>]*s[^\n>]*\r?\n[^\n]*> half a mess[^\n]*$/)
    yield* type("age\r")
    yield* shows(/The model says so\./)
  })
)
