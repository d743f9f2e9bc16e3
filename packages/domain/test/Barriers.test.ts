import { assert, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { needsBarrier, SessionEvent } from "../src/SessionEvent.ts"
import { barriers } from "./support/barriers.ts"

it.prop(
  "the events that need a barrier are those of the table, and no others",
  [Arbitrary.schema(Schema.Tuple(Object.values(SessionEvent.cases)))],
  ([all]) => {
    const events: ReadonlyArray<SessionEvent> = all
    const decided = Object.fromEntries(events.map((event) => [event._tag, needsBarrier(event)]))
    assert.deepStrictEqual(decided, { ...barriers })
  },
  { arbitrary: { runs: 5 } }
)
