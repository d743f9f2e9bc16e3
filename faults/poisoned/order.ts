import * as F from "./form.ts"

const { opened, refused } = F

const one = F.call("r1t1c1")
const first = F.asking(1, one)

/** Events in an impossible order. */
export const order: ReadonlyArray<F.Form> = [
  refused(
    "a result comes twice",
    ...first,
    F.ran("r1t1c1"),
    F.settled("r1t1c1"),
    F.settled("r1t1c1"),
    ...F.answering(1)
  ),
  refused("a result without a call", ...F.round(1).slice(0, -1), F.settled("r1t1c9"), F.done(1)),
  refused(
    "a decision about a call that was not asked for",
    ...first,
    { _tag: "ToolDecided", callId: "r1t1c9", allowed: true, by: "user" },
    F.settled("r1t1c1"),
    ...F.answering(1)
  ),
  refused("a call starts twice", ...first, F.ran("r1t1c1"), F.ran("r1t1c1"), F.settled("r1t1c1"), ...F.answering(1)),
  refused("a call starts after its result", ...first, F.settled("r1t1c1"), F.ran("r1t1c1"), ...F.answering(1)),
  refused("two calls of a turn have one id", ...F.asking(1, one, one), F.settled("r1t1c1"), ...F.answering(1)),
  refused(
    "two turns have a call with one id",
    ...first,
    F.settled("r1t1c1"),
    F.began(1, 2),
    F.said(1, 2, [one], "tool-calls"),
    F.done(1)
  ),
  refused("two rounds are open", F.asked(1), F.asked(2)),
  refused("a round starts twice", ...F.round(1), ...F.round(1)),
  refused("a round ends twice", ...F.round(1), F.done(1)),
  refused("another round ends", ...F.round(1).slice(0, -1), F.done(7)),
  refused("an end without a round", F.done(1)),
  refused("a turn before its round", F.began(1), ...F.round(1)),
  refused("a turn starts twice", F.asked(1), F.context(1), F.began(1), F.began(1), F.said(1, 1, []), F.done(1)),
  refused("a turn ends twice", ...F.round(1).slice(0, -1), F.said(1, 1, [F.text("Again.")]), F.done(1)),
  refused("a turn ends that never started", F.asked(1), F.context(1), F.said(1, 1, [F.text("So.")]), F.done(1)),
  refused("a turn of another round ends", F.asked(1), F.context(1), F.began(1), F.said(2, 1, []), F.done(1)),
  refused("a round ends with its turn open", F.asked(1), F.context(1), F.began(1), F.done(1)),
  refused(
    "pieces after a turn's end",
    ...F.round(1).slice(0, -1),
    F.delta(1, 1, { _tag: "TextDelta", index: 0, text: "more" }),
    F.done(1)
  ),
  opened(
    "pieces of a call that never began, of a turn without an end",
    F.asked(1),
    F.context(1),
    F.began(1),
    F.delta(1, 1, { _tag: "ToolInputDelta", index: 3, json: "{}" }, { _tag: "TextDelta", index: 3, text: "x" })
  )
]

const whole = F.round(1)

/** Rows that are not events, or that are in the wrong place. */
export const stored: ReadonlyArray<F.Form> = [
  refused("an unknown kind of event", ...whole, { _tag: "Newspeak", roundId: "r1" }),
  refused("an event that is no JSON", ...whole, '{"_tag":"RoundStarted"'),
  refused("an event that is a number", ...whole, "7"),
  refused(
    "two events in one row",
    ...whole,
    '{"_tag":"RoundCancelled","roundId":"r1"},{"_tag":"RoundCancelled","roundId":"r1"}'
  ),
  refused("an event without one of its fields", ...whole, { _tag: "RoundStarted", roundId: "r2" }),
  refused("a round without an id", { ...F.asked(1), roundId: "" }),
  { ...refused("the numbers have a gap", ...whole), seqs: [1, 2, 4, 5, 6] },
  { ...refused("the numbers begin with 2", ...whole), seqs: [2, 3, 4, 5, 6] },
  { ...refused("a number below zero", ...whole), seqs: [-1, 1, 2, 3, 4] },
  {
    ...refused("pieces are missing from a turn without an end", F.asked(1), F.context(1), F.began(1), F.delta(1, 1)),
    seqs: [1, 2, 3, 9]
  },
  { ...refused("the session's head is greater than the last number", ...whole), session: { head: 9 } },
  { ...refused("the session's head is less than the last number", ...whole), session: { head: 3 } },
  { ...opened("times run backwards and before 1970", ...whole), at: -5 },
  { ...refused("a time that is too large for a number", ...whole), at: 1n << 62n },
  {
    ...opened("a count of tokens that is too large for an integer", ...whole),
    session: { input_tokens: Number.MAX_VALUE }
  },
  {
    ...opened("negative usage, before 1970", ...whole),
    session: { cost: -1, created_at: -1, rounds: -3 }
  },
  { ...opened("an endless lease without a holder", ...whole), session: { lease_until: 253_402_300_799_000 } },
  { ...opened("a session without a title, from nowhere", ...whole), session: { title: "", workspace: "" } }
]
