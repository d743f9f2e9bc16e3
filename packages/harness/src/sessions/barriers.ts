import type { SessionEvent } from "@parley/domain/SessionEvent"

/**
 * Which events must be on the disk before they are acknowledged, written down by hand: the tests and `pnpm powerloss` judge
 * by this table, and not by the code that they test. A new event does not compile until it is decided here.
 *
 * Yes is what cannot be made again or must not happen twice: the user's words, an answer that was paid for, what people are
 * asked and answer, the intent and the result of a call, the end of a round, and what a user does to the session. No is what
 * recovery derives from the rest.
 */
export const barriers: { readonly [Tag in SessionEvent["_tag"]]: boolean } = {
  RoundStarted: true,
  MessageDelivered: true,
  ContextCallRequested: false,
  ContextBuilt: false,
  TurnStarted: false,
  ContextCompacted: false,
  CompactionUndone: true,
  RefreshRequested: true,
  Pinned: true,
  Unpinned: true,
  RoundsUndone: true,
  RoundsRedone: true,
  Forked: true,
  SettingsChosen: true,
  TurnDelta: false,
  TurnCompleted: true,
  TurnFailed: false,
  TurnInterrupted: false,
  RetryScheduled: false,
  OutputRejected: false,
  QuestionAsked: true,
  QuestionAnswered: true,
  ToolDecided: false,
  ToolStarted: true,
  ToolSettled: true,
  RoundCompleted: true,
  RoundFailed: true,
  RoundCancelled: true
}
