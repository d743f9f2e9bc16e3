import { LogEntry, SessionEvent } from "@parley/domain/SessionEvent"
import { project } from "@parley/domain/SessionInfo"
import { SessionManager } from "@parley/domain/SessionManager"
import { assert, layer as sharedLayer } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { hasEscapedKey } from "../parts/Arbitraries.ts"
import { asked, at, cancelled, completed, delta, failed, interrupted, t1, t2, withoutDeltas } from "./ContractEvents.ts"

const kinds = { delta, completed, failed, interrupted, asked: () => asked("?"), closed: () => cancelled }
const Kind = Schema.Literals(["delta", "completed", "failed", "interrupted", "asked", "closed"])
const cursors = { head: 0, ahead: 1, behind: -1 }
/** One step of a generated test: the events to append, and the cursor to append them with. */
const Step = Schema.Struct({
  events: Schema.Array(Schema.Tuple([Kind, Schema.Literals([t1, t2])])).check(Schema.isMaxLength(6)),
  cursor: Schema.Literals(["head", "ahead", "behind"])
})

/** Values of one kind of event. Each kind is filtered by itself, because together almost none would be left. */
const usable = (kind: Schema.Schema<SessionEvent>): Arbitrary.Arbitrary<SessionEvent> =>
  Arbitrary.filter(Arbitrary.schema(kind), (event) => !hasEscapedKey(event))

/** Entries are compared as JSON text, because JSON does not distinguish 0 from -0. */
const json = Schema.encodeSync(Schema.fromJsonString(LogEntry))

/** The generated half of the contract: a round trip of every kind of event, and any history compared with a simple model. */
export const generated = <E>(name: string, layer: Layer.Layer<SessionManager, E>): void => {
  sharedLayer(layer)(name, (it) => {
    it.effect.prop(
      "returns every kind of event unchanged",
      [Arbitrary.all(Object.values(SessionEvent.cases).map(usable))],
      Effect.fnUntraced(function* ([all]) {
        const sessions = yield* SessionManager
        const { id } = yield* sessions.create({})
        // The cases are in order of declaration, so a delta precedes the events that end turns and may remove it.
        const written = yield* sessions.append(id, at(0), all)
        const kept = all.reduce(withoutDeltas, written)
        assert.deepStrictEqual(
          (yield* sessions.read(id, 0)).map((entry) => json(entry)),
          kept.map((entry) => json(entry))
        )
      }),
      { arbitrary: { runs: 40 } }
    )

    it.effect.prop(
      "stores the same log as a simple model",
      [Schema.Array(Step).check(Schema.isMaxLength(8))],
      Effect.fnUntraced(function* ([steps]) {
        const sessions = yield* SessionManager
        let info = yield* sessions.create({})
        let log: ReadonlyArray<LogEntry> = []
        for (const { cursor, events } of steps) {
          const list = events.map(([kind, turn]) => kinds[kind](turn))
          const exit = yield* Effect.exit(sessions.append(info.id, at(info.head + cursors[cursor]), list))
          assert.strictEqual(Exit.isSuccess(exit), cursor === "head")
          for (const entry of Exit.isSuccess(exit) ? exit.value : []) {
            log = [...withoutDeltas(log, entry.event), entry]
            info = project(info, entry)
          }
        }
        assert.deepStrictEqual(yield* sessions.get(info.id), info)
        assert.deepStrictEqual(yield* sessions.read(info.id, 0), log)
      })
    )
  })
}
