import * as F from "./form.ts"

const { opened } = F

/** An expected event is missing. */
export const owed: ReadonlyArray<F.Form> = [
  opened("the round's only result is missing", ...F.asking(1, F.call("r1t1c1")), F.ran("r1t1c1"), ...F.answering(1)),
  opened(
    "two of three results are missing",
    ...F.asking(1, F.call("r1t1c1"), F.call("r1t1c2"), F.call("r1t1c3")),
    F.ran("r1t1c2"),
    F.settled("r1t1c2"),
    ...F.answering(1)
  ),
  opened("a call was started and the log ends", ...F.asking(1, F.call("r1t1c1")), F.ran("r1t1c1")),
  opened("a call was asked for and the log ends", ...F.round(1), ...F.asking(2, F.call("r2t1c1"))),
  opened("a turn has no end", ...F.round(1), F.asked(2), F.context(2), F.began(2)),
  opened(
    "a turn has pieces and no end",
    F.asked(1),
    F.context(1),
    F.began(1),
    F.delta(1, 1, { _tag: "TextDelta", index: 0, text: "Half an ans" })
  ),
  opened("a message, and nothing more", F.asked(1)),
  opened("no context was built", F.asked(1), F.began(1), F.said(1, 1, [F.text("An answer.")]), F.done(1)),
  opened("a round ends without a turn", F.asked(1), F.context(1), F.done(1), ...F.round(2)),
  opened("a round was cancelled before its context", F.asked(1), { _tag: "RoundCancelled", roundId: "r1" }),
  opened("a turn failed and the log ends", F.asked(1), F.context(1), F.began(1), F.broke(1, 1, [F.text("Half")])),
  opened("a retry was scheduled and never came", F.asked(1), F.context(1), F.began(1), F.broke(1, 1), {
    _tag: "RetryScheduled",
    roundId: "r1",
    turnId: "r1t1",
    attempt: 1,
    delayMillis: 5,
    failure: { error: "ModelError", message: "scripted" }
  }),
  opened("a context call has no result", F.asked(1), {
    _tag: "ContextCallRequested",
    roundId: "r1",
    callId: "r1c1",
    slot: "notes",
    name: "notes__list",
    input: "{}"
  }),
  opened(
    "a call of a turn that stopped for length has no result",
    F.asked(1),
    F.context(1),
    F.began(1),
    F.said(1, 1, [F.text("I will"), F.call("r1t1c1", '{"a":')], "length"),
    F.done(1, "length")
  ),
  opened("a turn stopped for calls and asks for none", ...F.asking(1), F.done(1, "tool-calls")),
  opened(
    "a pause without a continuation",
    F.asked(1),
    F.context(1),
    F.began(1),
    F.said(1, 1, [F.text("Let me")], "pause"),
    F.done(1, "pause")
  ),
  {
    name: "a session that is marked as open and has no events",
    log: [],
    expect: "opened",
    session: { open: 1, rounds: 1 }
  },
  {
    ...opened("a session that is marked as closed and is open", ...F.round(1), F.asked(2)),
    session: { open: 0, rounds: 99 }
  }
]
