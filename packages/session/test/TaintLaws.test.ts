import { env } from "node:process"
import { isTainted } from "@parley/domain/ContextManifest"
import { LogEntry } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { SessionState } from "../src/log/SessionState.ts"
import { arbitrary, TaintWorld } from "./support/TaintWorld.ts"

/** A bug that only a rare program meets is looked for longer: `pnpm mutants` says how much. */
const runs = 300 * Number(env["PARLEY_RUNS"] ?? 1)

const Log = Schema.fromJsonString(Schema.Array(LogEntry))

/** Whether the request of each turn was tainted, from the log as another process reads it. */
const replayed = Effect.fnUntraced(function* (log: ReadonlyArray<LogEntry>) {
  const stored = yield* Schema.decodeEffect(Log)(yield* Schema.encodeEffect(Log)(log))
  return stored.flatMap(({ event }, i) =>
    event._tag === "TurnStarted" && event.purpose === undefined
      ? [SessionState.of(stored.slice(0, i + 1)).history.tainted]
      : []
  )
})

it.effect.prop(
  "a request is tainted if it contains anything from outside, or a response to that, regardless of what happened before",
  [arbitrary],
  ([program]) =>
    Effect.gen(function* () {
      const world = new TaintWorld(program.window)
      const { contexts, log } = yield* world.run(program)
      const sent = world.sent.filter(({ summary }) => !summary)
      const holds = sent.map((one) => one.holds)
      const says = contexts.map(({ manifest }) => isTainted(manifest))
      assert.strictEqual(says.length, holds.length)
      for (const [i, one] of sent.entries()) {
        if (one.holds) assert.isTrue(says[i], `request ${i} holds text from outside and is not tainted`)
        if (says[i] === true) assert.isTrue(one.holds, `request ${i} is tainted and holds nothing from outside`)
      }
      assert.deepStrictEqual(yield* replayed(log), says, "the fold of the log says what the manifest says")
      for (const { sent: asked, tainted } of world.told) {
        const said = says[asked === undefined ? -1 : sent.indexOf(asked)]
        assert.strictEqual(tainted, said, "a rule is told what the manifest of its turn's request says")
      }
    }).pipe(Effect.provide(SessionManager.layerMemory, { local: true })),
  { arbitrary: { runs } }
)
