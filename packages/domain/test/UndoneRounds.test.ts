import { assert, describe, it } from "@effect/vitest"
import { roundId, type RoundId } from "../src/Ids.ts"
import type { LogEntry, SessionEvent } from "../src/SessionEvent.ts"
import * as UndoneRounds from "../src/UndoneRounds.ts"

const [r1, r2, r3] = [roundId(1), roundId(2), roundId(3)]
const round = (id: RoundId, ...events: ReadonlyArray<SessionEvent>): ReadonlyArray<SessionEvent> => [
  { _tag: "RoundStarted", roundId: id, request: [] },
  ...events,
  { _tag: "RoundCancelled", roundId: id }
]
const compacted = (id: RoundId): SessionEvent => ({
  _tag: "ContextCompacted",
  roundId: id,
  why: "request",
  pruned: [],
  kept: 0,
  head: [],
  slots: {},
  manifest: [],
  before: { tokens: 2, by: "counted" },
  after: { tokens: 1, by: "counted" }
})
const undoCompaction: SessionEvent = { _tag: "CompactionUndone" }
const pinned: SessionEvent = { _tag: "Pinned", kind: "goal", text: "aim" }
const undo = (...rounds: [RoundId, ...Array<RoundId>]): SessionEvent => ({ _tag: "RoundsUndone", rounds })
const redo: SessionEvent = { _tag: "RoundsRedone" }

const entries = (...events: ReadonlyArray<SessionEvent>): ReadonlyArray<LogEntry> =>
  events.map((event, i) => ({ seq: i + 1, at: 0, event }))
const nameOf = (event: SessionEvent): string => ("roundId" in event ? `${event._tag} ${event.roundId}` : event._tag)
/** What is in effect, without the events about undoing. */
const left = (...events: ReadonlyArray<SessionEvent>) =>
  UndoneRounds.inEffect(entries(...events))
    .filter(({ event }) => event._tag !== "RoundsUndone" && event._tag !== "RoundsRedone")
    .map(({ event }) => nameOf(event))

const one = ["RoundStarted r1", "RoundCancelled r1"]

describe("undone rounds", () => {
  it("are out of effect with all of their events, and changes between rounds stay", () => {
    assert.deepStrictEqual(left(...round(r1), pinned, ...round(r2, compacted(r2)), undo(r2)), [...one, "Pinned"])
    assert.deepStrictEqual(left(...round(r1), undo(r1), ...round(r2)), ["RoundStarted r2", "RoundCancelled r2"])
  })

  it("are brought back in the opposite order", () => {
    const log = [...round(r1), ...round(r2), undo(r2), undo(r1)]
    assert.deepStrictEqual(UndoneRounds.of(entries(...log)).redoable, [r1])
    assert.deepStrictEqual(left(...log, redo), one)
    assert.deepStrictEqual(UndoneRounds.of(entries(...log, redo)).redoable, [r2])
    assert.isEmpty(UndoneRounds.of(entries(...log, redo, redo)).undone)
    assert.isUndefined(UndoneRounds.of(entries(...log, redo, redo)).redoable)
  })

  it("cannot be brought back after a round has started or a compaction was undone", () => {
    const log = [...round(r1, compacted(r1)), ...round(r2), undo(r2)]
    assert.isUndefined(UndoneRounds.of(entries(...log, ...round(r3))).redoable)
    assert.isUndefined(UndoneRounds.of(entries(...log, undoCompaction)).redoable)
    assert.deepStrictEqual(UndoneRounds.of(entries(...log, pinned)).redoable, [r2])
  })

  it("take with them what undid their compactions, and nothing that undid others", () => {
    const both = [...round(r1, compacted(r1)), ...round(r2, compacted(r2))]
    assert.notInclude(left(...both, undoCompaction, undo(r2)), "CompactionUndone")
    assert.include(left(...both, undo(r2), undoCompaction), "CompactionUndone")
    assert.include(left(...both, undoCompaction, undoCompaction, undo(r2)), "CompactionUndone")
    assert.include(left(...round(r1, compacted(r1)), ...round(r2), undoCompaction, undo(r2)), "CompactionUndone")
    // The redo brings the second compaction back, so that it is the one that is undone afterwards.
    assert.notInclude(left(...both, undo(r2), redo, undoCompaction, undo(r2)), "CompactionUndone")
  })
})
