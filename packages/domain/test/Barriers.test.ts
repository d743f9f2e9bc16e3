import { assert, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { needsBarrier, SessionEvent } from "../src/SessionEvent.ts"
import { barriers } from "./support/barriers.ts"

/** One event of each kind. */
const OfEachKind = Schema.Tuple(Object.values(SessionEvent.cases))

it.effect("the events that need a barrier are those of the table, and no others", () =>
  Effect.map(Arbitrary.sampleEffect(Arbitrary.schema(OfEachKind), { count: 1 }), (samples) => {
    const events: ReadonlyArray<SessionEvent> = samples[0] ?? []
    const decided = Object.fromEntries(events.map((event) => [event._tag, needsBarrier(event)]))
    assert.deepStrictEqual(decided, { ...barriers })
  })
)
