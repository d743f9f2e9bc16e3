import * as Engine from "@parley/app/Engine"
import * as EngineRecording from "@parley/app/EngineRecording"
import { UsageError } from "@parley/app/UsageError"
import { Round } from "@parley/domain/Session"
import * as Counterfactual from "@parley/session/Counterfactual"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { asUsage } from "../configuration/RecordFlag.ts"
import * as SetupFlags from "../configuration/SetupFlags.ts"
import { ReplayDiffers } from "../errors/ExitCode.ts"
import { Output } from "../output/Output.ts"
import * as ReplayText from "../output/ReplayText.ts"
import * as ProcessInfo from "../process/ProcessInfo.ts"

export interface Input extends SetupFlags.Flags {
  readonly file: string
  readonly from: Option.Option<string>
  readonly format: "text" | "json"
}

const asJson = Schema.encodeEffect(Schema.fromJsonString(Schema.Json))
const encodeRounds = Schema.encodeEffect(
  Schema.fromJsonString(
    Schema.Struct({
      session: Schema.String,
      rounds: Schema.Array(
        Schema.Struct({
          recorded: Schema.optionalKey(Round),
          now: Schema.optionalKey(Round),
          end: Schema.String,
          unrecorded: Schema.Array(Schema.String)
        })
      )
    })
  )
)

/** Runs the messages from a round on with another model, in a new session. */
const counterfactual = Effect.fnUntraced(function* (input: Input, file: string, from: string) {
  const output = yield* Output
  const recorded = yield* Effect.mapError(EngineRecording.read(file), asUsage)
  const setup = yield* SetupFlags.load(input)
  const { model } = setup
  if (model === undefined || Option.isNone(input.model ?? Option.none()))
    return yield* new UsageError({
      problem: "--from runs the messages with another model; name it with --model PROVIDER/MODEL"
    })
  const { rounds, session } = yield* Counterfactual.run({ name: file, recorded, from, model }).pipe(
    Effect.provide(Engine.comparing(setup)),
    Effect.catchTag("RecordingError", (error) => error.pipe(asUsage, Effect.fail))
  )
  if (input.format === "json") {
    const known = rounds.map(({ end, now, recorded, unrecorded }) => ({
      end,
      unrecorded,
      ...(recorded === undefined ? {} : { recorded }),
      ...(now === undefined ? {} : { now })
    }))
    return yield* output.line(yield* Effect.orDie(encodeRounds({ session: session.id, rounds: known })))
  }
  yield* output.text(`${rounds.map(ReplayText.compared).join("\n")}\n`)
  yield* output.aside(`session ${session.id}`)
})

/** Replays a recording and reports the first difference, or runs a part of it with another model. */
export const replay = Effect.fn("parley replay")(function* (input: Input) {
  const file = ProcessInfo.absolute(input.file)
  const from = Option.getOrUndefined(input.from)
  if (from !== undefined) return yield* counterfactual(input, file, from)
  const given = ["model", "effort", "workspace"] as const
  const other = given.find((name) => Option.isSome<unknown>(input[name] ?? Option.none()))
  if (other !== undefined)
    return yield* new UsageError({
      problem: `A replay uses what was recorded, so --${other} would have no effect; add --from ROUND to run the messages from that round on with another model`
    })
  const output = yield* Output
  const report = yield* Effect.catchTag(EngineRecording.replay(file), "RecordingError", (error) =>
    error.pipe(asUsage, Effect.fail)
  )
  const { difference } = report
  const found = difference === undefined ? null : { ...difference }
  if (input.format === "json") yield* output.line(yield* Effect.orDie(asJson({ ...report, difference: found })))
  else if (difference === undefined) yield* output.text(`${ReplayText.summary(report)}\n`)
  if (difference !== undefined) return yield* new ReplayDiffers({ text: ReplayText.difference(difference) })
})
