import { Arbitrary, Schema } from "effect"

const id = Schema.Literals(["a", "b", "c"])
export type SlotId = typeof id.Type

/** What a user has declared: a policy of each kind, and which call it is. */
const Declared = Schema.Struct({
  refresh: Schema.Union([
    Schema.Literals(["default", "round", "change", "demand"]),
    Schema.Struct({ seconds: Schema.Literals([2, 5]) })
  ]),
  onFailure: Schema.Literals(["note", "drop", "stale", "fail"]),
  tool: Schema.Literals(["ask", "other"]),
  version: Schema.Literals([1, 2]),
  /** Whether it may only have twelve bytes of text. */
  short: Schema.Boolean
})
export type Declared = typeof Declared.Type

const Change = Schema.TaggedUnion({
  /** What the slot's tool says from now on, or that it fails. */
  Value: { id, value: Schema.Literals(["one", "two", "Grüße 😀 an alle 😀 im Haus", "fails"]) },
  Edit: { id, declared: Schema.Union([Declared, Schema.Null]) },
  /** Seconds; a clock may be set back. */
  Time: { seconds: Schema.Literals([1, 2, 3, 5, -4]) },
  Files: { version: Schema.Literals([1, 2]) },
  /** Makes a new baseline due. */
  Prompt: { version: Schema.Literals([1, 2]) },
  /** A new process, which knows what the log says. */
  Restart: {}
})
export type Change = typeof Change.Type

const Step = Schema.Struct({
  changes: Schema.Array(Change).check(Schema.isMaxLength(3)),
  refresh: Schema.Literals(["nothing", "a", "nobody", "*"]),
  model: Schema.Literals(["answers", "rejects", "fails"])
})

export const Program = Schema.Struct({
  declared: Schema.Struct({ a: Declared, b: Declared }),
  steps: Schema.Array(Step).check(Schema.isMinLength(2), Schema.isMaxLength(8))
})
export type Program = typeof Program.Type
export const arbitrary = Arbitrary.schema(Program)
