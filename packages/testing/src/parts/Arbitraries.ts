import * as Schema from "effect/Schema"

const small = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))

/**
 * How a generated tool behaves; see `ScriptedTools`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ToolKind = Schema.Literals(["echo", "fails", "dies", "slow", "slower", "lost", "unknown", "malformed"])
export type ToolKind = typeof ToolKind.Type

/**
 * A temporary failure: immediately, after some text, in the middle of a call, or a stream that ends without a finish.
 *
 * @since 0.1.0
 * @category schemas
 */
export const FailedAttempt = Schema.Literals(["overloaded", "rate-limited", "broken", "silent"])
export type FailedAttempt = typeof FailedAttempt.Type

/**
 * A model response: failed attempts, then some texts, each in one network read, then some tool calls.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ScriptTurn = Schema.Struct({
  attempts: Schema.Array(FailedAttempt).check(Schema.isMaxLength(2)),
  texts: Schema.Array(Schema.String).check(Schema.isMaxLength(4)),
  thinks: Schema.Boolean,
  tools: Schema.Array(ToolKind).check(Schema.isMaxLength(5))
})
export type ScriptTurn = typeof ScriptTurn.Type

/**
 * How the last response of a script ends.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Ending = Schema.Literals(["answer", "stream-error", "silent-end", "refusal", "length"])
export type Ending = typeof Ending.Type

/**
 * A round's script: turns that call tools, and an ending. `Arbitrary.schema` derives a generator that shrinks.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Script = Schema.Struct({
  turns: Schema.Array(ScriptTurn).check(Schema.isMaxLength(4)),
  ending: Ending
})
export type Script = typeof Script.Type

/**
 * After how many scheduler steps a round is interrupted. A round that ends earlier is not interrupted.
 *
 * @since 0.1.0
 * @category constants
 */
export const Interruption = small(200)

/**
 * A filter for generated JSON: V8 in Node 24 to 26.10 may parse a key with an escape sequence as a different key that
 * occurred earlier in an object with the same first keys. No store can return values that its runtime parses incorrectly.
 *
 * @since 0.1.0
 * @category functions
 */
export const hasEscapedKey = (value: unknown): boolean => {
  let found = false
  JSON.stringify(value, (key: string, inner: unknown) => {
    found ||= JSON.stringify(key).includes("\\")
    return inner
  })
  return found
}

/**
 * How many scheduler steps an append takes; see `SlowSessions`.
 *
 * @since 0.1.0
 * @category constants
 */
export const DiskSteps = small(12)
