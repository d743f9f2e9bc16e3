import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { ToolKind } from "./Arbitraries.ts"

/**
 * Generated programs: what users, processes and disks may do to an engine, as data. `ProgramRunner` runs one,
 * `ReferenceModel` says what must come of it. A program that fails shrinks to a short one, and the same program always
 * runs the same way.
 */

/** How a tool of a program behaves: as in `ToolKind`, or it never answers. */
export const ProgramTool = Schema.Literals([...ToolKind.literals, "hangs"])
export type ProgramTool = typeof ProgramTool.Type

/**
 * How an answer fails before it comes, each time in a way that may pass: without a word, or in the middle of a call. It
 * fails for good with the last.
 */
export const ProgramFailures = Schema.Literals(
  // oxfmt-ignore
  ["none", "none", "none", "none", "none", "none", "overloaded", "broken", "broken overloaded", "overloaded broken broken"]
)
export type ProgramFailures = typeof ProgramFailures.Type

/** One answer of the model. It ends with tool calls, or as a pause when it asks for none. */
export const ProgramTurn = Schema.Struct({
  fails: ProgramFailures,
  texts: Schema.Array(Schema.String.check(Schema.isMaxLength(8))).check(Schema.isMaxLength(3)),
  thinks: Schema.Boolean,
  tools: Schema.Array(ProgramTool).check(Schema.isMaxLength(4))
})
export type ProgramTurn = typeof ProgramTurn.Type

/** How the model's last answer ends. */
export const ProgramEnding = Schema.Literals([
  "answer",
  "tool-calls-without-calls",
  "stream-error",
  "silent-end",
  "refusal",
  "overflow",
  "length",
  /** A block changes its kind. */
  "malformed",
  /** Something follows the end. */
  "late",
  /** The stream is a defect of its provider. */
  "dies",
  /** The model begins to answer and never goes on: only a cancellation ends it. */
  "silence"
])
export type ProgramEnding = typeof ProgramEnding.Type

/** What the model does with one message. */
export const ProgramScript = Schema.Struct({
  turns: Schema.Array(ProgramTurn).check(Schema.isMaxLength(4)),
  fails: ProgramFailures,
  ending: ProgramEnding
})
export type ProgramScript = typeof ProgramScript.Type

/** What the managers say from now on. A change of prompt or tools makes a new baseline, a change of file does not. */
export const ProgramConfig = Schema.Struct({
  prompt: Schema.Literals([1, 2]),
  /** The text of the workspace's file; 0 is no file. */
  file: Schema.Literals([0, 1, 2]),
  /** Whether the tool `echo` is there. */
  echo: Schema.Boolean,
  /** Whether rounds are dated. */
  date: Schema.Boolean,
  /** A dynamic-context slot: none, one that resolves, one that fails and is noted, one that fails the round. */
  slot: Schema.Literals(["none", "resolves", "noted", "required"])
})
export type ProgramConfig = typeof ProgramConfig.Type

export const initialConfig: ProgramConfig = { prompt: 1, file: 1, echo: true, date: false, slot: "none" }

const Which = Schema.Literals([0, 1])
const Steps = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 60 }))

const Message = Schema.TaggedStruct("Message", {
  session: Which,
  writer: Schema.Literals([0, 0, 0, 1]),
  script: ProgramScript
})
/** `coordinator.cancel`, or the interruption of whoever waits for the latest message. */
const Cancel = Schema.TaggedStruct("Cancel", { session: Which, how: Schema.Literals(["cancel", "interrupt"]) })
/** The process is gone at this instant; the log stays. Its next message finds a new coordinator. */
const Crash = Schema.TaggedStruct("Crash", { writer: Which })
/** The process stands still for so long that others may take its sessions; then it goes on and knows nothing of it. */
const Lapse = Schema.TaggedStruct("Lapse", { writer: Which })
const Recover = Schema.TaggedStruct("Recover", { writer: Which })
const Configure = Schema.TaggedStruct("Configure", { config: ProgramConfig })
/** Shows the next request without sending it. */
const Preview = Schema.TaggedStruct("Preview", { session: Which })
/**
 * Each append takes `steps` before and after it is stored. `refuses` fails it; `forgets` stores it and fails all the same.
 * Either begins after so many appends that `spares` lets through.
 */
const Disk = Schema.TaggedStruct("Disk", {
  steps: Schema.Literals([0, 1, 3, 9]),
  mode: Schema.Literals(["works", "works", "refuses", "forgets"]),
  spares: Schema.Literals([0, 0, 1, 2, 3, 4, 5, 6])
})

/**
 * One thing that happens. `writer` is a coordinator, each a process of its own; `session` one of two in the same store.
 * Messages are drawn nearly as often as all the rest.
 */
// oxfmt-ignore
export const ProgramCommand = Schema.Union([
  Message, Message, Message, Message, Message, Message, Message,
  Cancel, Cancel, Crash, Crash, Lapse, Recover, Configure, Preview, Disk, Disk
])
export type ProgramCommand = typeof ProgramCommand.Type
export type ProgramMessage = typeof Message.Type

/** A command, and for how many scheduler steps things `go` on before the next; `rest` is until nothing is left to do. */
export const ProgramStep = Schema.Struct({
  command: ProgramCommand,
  go: Schema.Union([Schema.Literal("rest"), Steps])
})
export type ProgramStep = typeof ProgramStep.Type

export const Program = Schema.Array(ProgramStep).check(Schema.isMinLength(1), Schema.isMaxLength(12))
export type Program = typeof Program.Type

/** Programs of up to twelve commands. They shrink. */
export const arbitrary: Arbitrary.Arbitrary<Program> = Arbitrary.schema(Program)

/** The words of the message that the n-th command sends. Each is said once, so that a round names its command. */
export const messageText = (n: number): string => `message ${n}`
