import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"

/**
 * Generated programs of two processes that send, edit and withdraw messages of one session while its rounds run, are
 * cancelled, or lose their process.
 */

/** How the model responds to a message: after calls of these tools, one response for each, with an answer or a refusal. */
const Response = Schema.Struct({
  tools: Schema.Array(Schema.Literals(["echo", "slow", "slower"])).check(Schema.isMaxLength(2)),
  ending: Schema.Literals(["answer", "answer", "answer", "refusal"])
})

const Writer = Schema.Literals([0, 0, 1])
const Delivery = Schema.Literals(["steer", "steer", "queue"])

/** A message that is handled at once, as `handleMessage` does. */
const Handle = Schema.TaggedStruct("Handle", { writer: Writer, response: Response })
const Send = Schema.TaggedStruct("Send", {
  writer: Writer,
  delivery: Delivery,
  response: Response,
  /** Whether it has the request id of the message before. */
  again: Schema.Literals([false, false, false, true])
})
/** Changes the `nth` message that was sent, counted from the last one. */
const Edit = Schema.TaggedStruct("Edit", { writer: Writer, nth: Schema.Literals([0, 1, 2]) })
const Withdraw = Schema.TaggedStruct("Withdraw", { writer: Writer, nth: Schema.Literals([0, 1, 2]) })
const Cancel = Schema.TaggedStruct("Cancel", {})
const Crash = Schema.TaggedStruct("Crash", { writer: Writer })

/**
 * One action.
 *
 * @since 0.1.0
 * @category schemas
 */
// oxfmt-ignore
export const InboxCommand = Schema.Union([
  Handle, Handle, Send, Send, Send, Send, Send, Edit, Withdraw, Cancel, Crash
])
export type InboxCommand = typeof InboxCommand.Type

/**
 * The actions, each with the scheduler steps before the next one; `rest` runs until nothing progresses.
 *
 * @since 0.1.0
 * @category schemas
 */
export const InboxProgram = Schema.Array(
  Schema.Struct({
    command: InboxCommand,
    go: Schema.Union([Schema.Literal("rest"), Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 60 }))])
  })
).check(Schema.isMinLength(1), Schema.isMaxLength(12))
export type InboxProgram = typeof InboxProgram.Type

/**
 * Generates programs of up to twelve commands; they shrink.
 *
 * @since 0.1.0
 * @category constants
 */
export const arbitrary: Arbitrary.Arbitrary<InboxProgram> = Arbitrary.schema(InboxProgram)
