import { assert, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { needsBarrier, SessionEvent } from "../src/SessionEvent.ts"
import { barriers } from "@parley/harness/barriers"

/** One event of each kind. */
const OfEachKind = Schema.Tuple(Object.values(SessionEvent.cases))

it.effect("exactly the events of the table need a barrier", () =>
  Effect.map(Arbitrary.sampleEffect(Arbitrary.schema(OfEachKind), { count: 1 }), (samples) => {
    const events: ReadonlyArray<SessionEvent> = samples[0] ?? []
    const decided = Object.fromEntries(events.map((event) => [event._tag, needsBarrier(event)]))
    assert.deepStrictEqual(decided, { ...barriers })
  })
)
