import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { ToolKind } from "../parts/Arbitraries.ts"

/**
 * Generated programs: sequences of actions of users, processes and disks on an engine, as data. `ProgramRunner` runs a
 * program and `ReferenceModel` predicts its results. A failing program shrinks to a short one, and runs are deterministic.
 */

/**
 * How a tool of a program behaves: as in `ToolKind`, or it never returns, or it needs an approval and then returns its input.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ProgramTool = Schema.Literals([...ToolKind.literals, "hangs", "asked", "asked", "asked"])
export type ProgramTool = typeof ProgramTool.Type

/**
 * The temporary failures before a response: without any content, or in the middle of a call. The last variant exceeds the
 * retry limit.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ProgramFailures = Schema.Literals(
  // oxfmt-ignore
  ["none", "none", "none", "none", "none", "none", "overloaded", "broken", "broken overloaded", "overloaded broken broken"]
)
export type ProgramFailures = typeof ProgramFailures.Type

/**
 * One response of the model. It ends with tool calls, or as a pause if it has none.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ProgramTurn = Schema.Struct({
  fails: ProgramFailures,
  texts: Schema.Array(Schema.String.check(Schema.isMaxLength(8))).check(Schema.isMaxLength(3)),
  thinks: Schema.Boolean,
  tools: Schema.Array(ProgramTool).check(Schema.isMaxLength(4))
})
export type ProgramTurn = typeof ProgramTurn.Type

/**
 * How the model's last response ends.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ProgramEnding = Schema.Literals([
  "answer",
  "tool-calls-without-calls",
  "stream-error",
  "silent-end",
  "refusal",
  "overflow",
  "length",
  /** The stream is malformed: a block changes its kind. */
  "malformed",
  /** Chunks follow the finish. */
  "late",
  /** The stream dies with a defect of the provider. */
  "dies",
  /** The model begins to respond and then stalls: only a cancellation ends it. */
  "silence"
])
export type ProgramEnding = typeof ProgramEnding.Type

/**
 * How the model responds to one message.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ProgramScript = Schema.Struct({
  turns: Schema.Array(ProgramTurn).check(Schema.isMaxLength(4)),
  fails: ProgramFailures,
  ending: ProgramEnding
})
export type ProgramScript = typeof ProgramScript.Type

/**
 * What the managers return from now on. A change of prompt or tools causes a new baseline, a change of file does not.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ProgramConfig = Schema.Struct({
  prompt: Schema.Literals([1, 2]),
  /** Which text the workspace's file has; 0 means no file. */
  file: Schema.Literals([0, 1, 2]),
  /** Whether the tool `echo` exists. */
  echo: Schema.Boolean,
  /** Whether round parts contain the date. */
  date: Schema.Boolean,
  /** The context slot: none, one that resolves, one whose failure is noted in the context, one that fails the round. */
  slot: Schema.Literals(["none", "resolves", "noted", "required"]),
  /**
   * Who is asked for approvals: a person who allows every other call, one who never answers, none, so that calls are denied,
   * or none, so that questions stay open.
   */
  person: Schema.Literals(["answers", "waits", "absent", "elsewhere"])
})
export type ProgramConfig = typeof ProgramConfig.Type

/**
 * The configuration before the first command of a program.
 *
 * @since 0.1.0
 * @category constructors
 */
export const initialConfig: ProgramConfig = {
  prompt: 1,
  file: 1,
  echo: true,
  date: false,
  slot: "none",
  person: "answers"
}

const Which = Schema.Literals([0, 1])
const Steps = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 60 }))

const Message = Schema.TaggedStruct("Message", {
  session: Which,
  writer: Schema.Literals([0, 0, 0, 1]),
  script: ProgramScript,
  /** The message takes the place of that of the last round in effect, if there is one. */
  edits: Schema.Literals([false, false, false, false, true])
})
/** Undoes the last rounds, or brings them back. */
const Undo = Schema.TaggedStruct("Undo", { session: Which, writer: Which, rounds: Schema.Literals([1, 1, 2]) })
const Redo = Schema.TaggedStruct("Redo", { session: Which, writer: Which })
/** Forks a session, and compares the two. */
const Fork = Schema.TaggedStruct("Fork", { session: Which, writer: Which })
/** `coordinator.cancel`, or an interruption of the fiber that waits for the latest message. */
const Cancel = Schema.TaggedStruct("Cancel", { session: Which, how: Schema.Literals(["cancel", "interrupt"]) })
/** The process dies at this instant; the log remains. The next message of its writer gets a new coordinator. */
const Crash = Schema.TaggedStruct("Crash", { writer: Which })
/** The process pauses for so long that others may acquire its sessions; then it continues without noticing. */
const Lapse = Schema.TaggedStruct("Lapse", { writer: Which })
const Recover = Schema.TaggedStruct("Recover", { writer: Which })
/** A process answers the oldest open question of a session, which may be a question of another process. */
const Answer = Schema.TaggedStruct("Answer", { writer: Which, session: Which, allow: Schema.Boolean })
/** A process continues the session's round, if it waits for answers. */
const Resume = Schema.TaggedStruct("Resume", { writer: Which, session: Which })
/** Who is asked from now on. */
const Person = Schema.TaggedStruct("Person", { person: ProgramConfig.fields.person })
const Configure = Schema.TaggedStruct("Configure", { config: ProgramConfig })
/** Shows the next request without sending it. */
const Preview = Schema.TaggedStruct("Preview", { session: Which })
/**
 * Each append takes `steps` scheduler steps before and after it is stored. `refuses` fails the append; `forgets` stores it
 * and then fails. Failures begin after the number of appends in `spares`.
 */
const Disk = Schema.TaggedStruct("Disk", {
  steps: Schema.Literals([0, 1, 3, 9]),
  mode: Schema.Literals(["works", "works", "refuses", "forgets"]),
  spares: Schema.Literals([0, 0, 1, 2, 3, 4, 5, 6])
})

/**
 * One action. `writer` is a coordinator, each in its own process; `session` is one of two in the same store. Messages are
 * generated nearly as often as all other commands together.
 *
 * @since 0.1.0
 * @category schemas
 */
// oxfmt-ignore
export const ProgramCommand = Schema.Union([
  Message, Message, Message, Message, Message, Message, Message,
  Cancel, Cancel, Crash, Crash, Lapse, Recover, Configure, Preview, Disk, Disk, Undo, Undo, Redo, Fork,
  Person, Person, Person, Answer, Answer, Answer, Resume
])
export type ProgramCommand = typeof ProgramCommand.Type
/**
 * A command that sends a message to a session.
 *
 * @since 0.1.0
 * @category models
 */
export type ProgramMessage = typeof Message.Type

/**
 * A command, and the scheduler steps to `go` before the next one. `rest` runs until nothing is left to do.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ProgramStep = Schema.Struct({
  command: ProgramCommand,
  go: Schema.Union([Schema.Literal("rest"), Steps])
})
export type ProgramStep = typeof ProgramStep.Type

/**
 * A program: one to twelve steps.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Program = Schema.Array(ProgramStep).check(Schema.isMinLength(1), Schema.isMaxLength(12))
export type Program = typeof Program.Type

/**
 * Generates programs of up to twelve commands; they shrink.
 *
 * @since 0.1.0
 * @category constants
 */
export const arbitrary: Arbitrary.Arbitrary<Program> = Arbitrary.schema(Program)

const AskingMessage = Schema.TaggedStruct("Message", {
  session: Schema.Literal(0),
  writer: Which,
  edits: Schema.Literal(false),
  script: Schema.Struct({
    turns: Schema.Array(
      Schema.Struct({
        fails: Schema.Literals(["none", "none", "overloaded"]),
        texts: Schema.Array(Schema.Literal("t")).check(Schema.isMaxLength(1)),
        thinks: Schema.Boolean,
        tools: Schema.Array(Schema.Literals(["asked", "asked", "asked", "echo", "slow", "hangs"])).check(
          Schema.isMinLength(1),
          Schema.isMaxLength(4)
        )
      })
    ).check(Schema.isMinLength(1), Schema.isMaxLength(2)),
    fails: Schema.Literal("none"),
    ending: Schema.Literal("answer")
  })
})
/** A question that stays open can be answered, so most are. */
const Asked = Schema.TaggedStruct("Person", {
  person: Schema.Literals(["elsewhere", "elsewhere", "elsewhere", "waits", "waits", "answers", "absent"])
})
const AnswerHere = Schema.TaggedStruct("Answer", { writer: Which, session: Schema.Literal(0), allow: Schema.Boolean })
const ResumeHere = Schema.TaggedStruct("Resume", { writer: Which, session: Schema.Literal(0) })
/** A message that asks for approvals, and what becomes of its questions. */
const Scene = Schema.Struct({
  asked: Asked,
  message: AskingMessage,
  go: ProgramStep.fields.go,
  next: Schema.Array(
    Schema.Struct({
      command: Schema.Union([
        AnswerHere,
        AnswerHere,
        AnswerHere,
        ResumeHere,
        Crash,
        Lapse,
        Recover,
        Cancel,
        Disk,
        Asked
      ]),
      go: ProgramStep.fields.go
    })
  ).check(Schema.isMinLength(1), Schema.isMaxLength(5))
})
const scenes = Arbitrary.schema(Schema.Array(Scene).check(Schema.isMinLength(1), Schema.isMaxLength(3)))

/**
 * Generates programs in which one session asks for approvals often, and two processes answer, continue its rounds and die.
 *
 * @since 0.1.0
 * @category constants
 */
export const aboutQuestions: Arbitrary.Arbitrary<Program> = Arbitrary.map(scenes, (all) =>
  all.flatMap(({ asked, go, message, next }): Program => [{ command: asked, go: 0 }, { command: message, go }, ...next])
)

/**
 * The text of the message that the n-th command sends. It is unique, so that a round can be matched with its command.
 *
 * @since 0.1.0
 * @category functions
 */
export const messageText = (n: number): string => `message ${n}`
