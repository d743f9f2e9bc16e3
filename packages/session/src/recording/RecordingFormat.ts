import { LogEntry } from "@parley/domain/SessionEvent"
import { SessionInfo } from "@parley/domain/SessionInfo"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

/**
 * A recording is a text of JSON lines. The first line is a `Header`; every other line is a `Step`, in the order in which it
 * happened. A line is written when its step happens, so the recording of a process that died is complete up to that moment.
 *
 * @since 0.1.0
 * @category constants
 */
export const version = 1

const at = Schema.Int
const n = Schema.Int

/**
 * How an operation ended. `failed` is a typed error, `died` the message of a defect.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Outcome = Schema.Union([
  Schema.Struct({ ok: Schema.Json }),
  Schema.Struct({ failed: Schema.Json }),
  Schema.Struct({ died: Schema.String }),
  Schema.Struct({ interrupted: Schema.Literal(true) })
])
export type Outcome = typeof Outcome.Type

/**
 * A text, written as what is new compared with the previous text of the same operation: see `shorten`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Shortened = Schema.Struct({ same: Schema.Int, text: Schema.String, end: Schema.Int })
export type Shortened = typeof Shortened.Type

/**
 * The first line.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Header = Schema.Struct({
  parley: Schema.Literal("recording"),
  version: Schema.Int,
  /** The seed of all random numbers. */
  seed: Schema.String,
  /** What the host needs to build the same engine again; the engine does not read it. */
  host: Schema.optionalKey(Schema.Json)
})
export type Header = typeof Header.Type

/**
 * The engine began the `n`-th operation of this name: it asks something of a manager, or stores events.
 *
 * @since 0.1.0
 * @category schemas
 */
export const CallStep = Schema.Struct({
  kind: Schema.Literal("call"),
  op: Schema.String,
  n,
  input: Schema.optionalKey(Schema.Json),
  text: Schema.optionalKey(Shortened)
})

/**
 * The engine received the outcome of an operation. Operations without a `call` line have their input here.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ResultStep = Schema.Struct({
  kind: Schema.Literal("result"),
  op: Schema.String,
  n,
  at,
  input: Schema.optionalKey(Schema.Json),
  outcome: Outcome
})

/**
 * The engine read a value that needs no waiting, such as the rule for a tool.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ValueStep = Schema.Struct({
  kind: Schema.Literal("value"),
  op: Schema.String,
  n,
  input: Schema.optionalKey(Schema.Json),
  value: Schema.Json
})

/**
 * The host asked something of the engine. `settings` are those that differ from the ones of the last request.
 *
 * @since 0.1.0
 * @category schemas
 */
export const AskStep = Schema.Struct({
  kind: Schema.Literal("ask"),
  n,
  at,
  ask: Schema.Json,
  settings: Schema.optionalKey(Schema.Json)
})

/**
 * The host interrupted what it had asked.
 *
 * @since 0.1.0
 * @category schemas
 */
export const InterruptStep = Schema.Struct({ kind: Schema.Literal("interrupt"), n, at })

/**
 * What the host asked has ended.
 *
 * @since 0.1.0
 * @category schemas
 */
export const DoneStep = Schema.Struct({ kind: Schema.Literal("done"), n, how: Schema.String })

/**
 * The engine was shut down. Rounds that were running are cancelled.
 *
 * @since 0.1.0
 * @category schemas
 */
export const CloseStep = Schema.Struct({ kind: Schema.Literal("close"), at })

/**
 * The stored events of a session that the engine did not append while it was recorded.
 *
 * @since 0.1.0
 * @category schemas
 */
export const LogStep = Schema.Struct({
  kind: Schema.Literal("log"),
  session: SessionInfo,
  entries: Schema.Array(LogEntry)
})

/**
 * One step of a recorded engine.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Step = Schema.Union([
  CallStep,
  ResultStep,
  ValueStep,
  AskStep,
  InterruptStep,
  DoneStep,
  CloseStep,
  LogStep
])
export type Step = typeof Step.Type
/**
 * The steps of one kind.
 *
 * @since 0.1.0
 * @category models
 */
export type StepOf<Kind extends Step["kind"]> = Extract<Step, { readonly kind: Kind }>

/**
 * The text cannot be read as a recording.
 *
 * @since 0.1.0
 * @category errors
 */
export class RecordingError extends Schema.TaggedError<RecordingError>()("RecordingError", {
  /** The name of the recording, for people. */
  name: Schema.String,
  reason: Schema.TaggedUnion({
    /** The first line is not that of a recording. */
    NotRecording: {},
    /** Another version of Parley wrote it. */
    Version: { found: Schema.Int, supported: Schema.Int },
    /** A line before the last one cannot be read. */
    Damaged: { line: Schema.Int },
    /** What was asked of the recording is not possible. */
    Unusable: { problem: Schema.String },
    /** The file cannot be read or written. */
    Unreadable: { problem: Schema.String }
  })
}) {
  override get message(): string {
    const { name, reason } = this
    switch (reason._tag) {
      case "NotRecording":
        return `${name} is not a recording: its first line is not that of one`
      case "Version":
        return reason.found > reason.supported
          ? `${name} is a recording of version ${reason.found}, which a newer Parley wrote; this one reads version ${reason.supported}. Update Parley, or record again`
          : `${name} is a recording of version ${reason.found}, and this Parley reads only version ${reason.supported}. Use the Parley that recorded it, or record again`
      case "Damaged":
        return `${name} is damaged: line ${reason.line} is not a step of a recording. What precedes that line can be replayed after the rest is removed`
      case "Unusable":
        return `${name}: ${reason.problem}`
      case "Unreadable":
        return `${name} cannot be used: ${reason.problem}`
    }
  }
}

/**
 * A recording that was read.
 *
 * @since 0.1.0
 * @category models
 */
export interface Recorded {
  readonly header: Header
  readonly steps: ReadonlyArray<Step>
  /** Whether the last line is incomplete, because the process died while it wrote it. That line is left out. */
  readonly isTorn: boolean
}

const encodeHeader = Schema.encodeSync(Schema.fromJsonString(Header))
const encodeLog = Schema.encodeSync(Schema.fromJsonString(Schema.toCodecJson(LogStep)))

/**
 * The line of a header, with its end.
 *
 * @since 0.1.0
 * @category functions
 */
export const headerLine = (header: Header): string => `${encodeHeader(header)}\n`

/**
 * The line of a step, with its end. All steps but one are JSON already; this runs for each network read of a response.
 *
 * @since 0.1.0
 * @category functions
 */
export const stepLine = (step: Step): string => `${step.kind === "log" ? encodeLog(step) : JSON.stringify(step)}\n`

const Kind = Schema.Struct({ parley: Schema.Literal("recording"), version: Schema.Int })
const decodeKind = Schema.decodeUnknownResult(Schema.fromJsonString(Kind))
const decodeHeader = Schema.decodeUnknownResult(Schema.fromJsonString(Header))
const decodeStep = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.toCodecJson(Step)))

/**
 * Reads a recording from its text. Without its end of line, the last line counts as incomplete.
 *
 * @since 0.1.0
 * @category conversions
 */
export const parse = (name: string, text: string): Result.Result<Recorded, RecordingError> => {
  const fail = (reason: RecordingError["reason"]) => Result.fail(new RecordingError({ name, reason }))
  const lines = text.split("\n")
  const isTorn = lines.pop() !== ""
  const [first = "", ...rest] = lines
  const kind = decodeKind(first)
  if (Result.isFailure(kind)) return fail({ _tag: "NotRecording" })
  if (kind.success.version !== version)
    return fail({ _tag: "Version", found: kind.success.version, supported: version })
  const header = decodeHeader(first)
  if (Result.isFailure(header)) return fail({ _tag: "Damaged", line: 1 })
  const steps: Array<Step> = []
  for (const [i, line] of rest.entries()) {
    const step = decodeStep(line)
    if (Result.isFailure(step)) return fail({ _tag: "Damaged", line: i + 2 })
    steps.push(step.success)
  }
  return Result.succeed({ header: header.success, steps, isTorn })
}
