import * as Schema from "effect/Schema"

const small = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))

/** How a generated tool behaves; see `ScriptedTools`. */
export const ToolKind = Schema.Literals(["echo", "fails", "dies", "slow", "slower", "lost", "unknown", "malformed"])
export type ToolKind = typeof ToolKind.Type

/** How an attempt fails in a way that may pass: at once, with words, in the middle of a call, or without saying anything. */
export const FailedAttempt = Schema.Literals(["overloaded", "rate-limited", "broken", "silent"])
export type FailedAttempt = typeof FailedAttempt.Type

/** A model answer: attempts that fail, then some texts, each in one network read, then some calls for tools. */
export const ScriptTurn = Schema.Struct({
  attempts: Schema.Array(FailedAttempt).check(Schema.isMaxLength(2)),
  texts: Schema.Array(Schema.String).check(Schema.isMaxLength(4)),
  thinks: Schema.Boolean,
  tools: Schema.Array(ToolKind).check(Schema.isMaxLength(5))
})
export type ScriptTurn = typeof ScriptTurn.Type

/** How the last answer of a script ends. */
export const Ending = Schema.Literals(["answer", "stream-error", "silent-end", "refusal", "length"])
export type Ending = typeof Ending.Type

/** A round's script: turns that ask for tools, and an ending. Derive the arbitrary with `Arbitrary.schema`; it shrinks. */
export const Script = Schema.Struct({
  turns: Schema.Array(ScriptTurn).check(Schema.isMaxLength(4)),
  ending: Ending
})
export type Script = typeof Script.Type

/** After how many scheduler steps a round is interrupted; beyond its end means not at all. */
export const Interruption = small(200)

/**
 * For filtering generated JSON: V8 of Node 24 to 26.10 may read a key that JSON writes with an escape as another key of the
 * process, when that one stood in an object of the same beginning. No store can give back what its runtime cannot read.
 */
export const hasEscapedKey = (value: unknown): boolean => {
  let found = false
  JSON.stringify(value, (key: string, inner: unknown) => {
    found ||= JSON.stringify(key).includes("\\")
    return inner
  })
  return found
}

/** How many scheduler steps an append takes; see `SlowSessions`. */
export const DiskSteps = small(12)
