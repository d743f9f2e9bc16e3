import * as Engine from "@parley/app/Engine"
import * as ModelTrial from "@parley/app/ModelTrial"
import * as SharedBudget from "@parley/app/SharedBudget"
import { UsageError } from "@parley/app/UsageError"
import { format } from "@parley/domain/ModelRef"
import { ModelInfo, ModelsManager } from "@parley/domain/ModelsManager"
import { allInput } from "@parley/domain/Usage"
import * as UserConfig from "@parley/workspace/UserConfig"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SetupFlags from "../configuration/SetupFlags.ts"
import * as ModelText from "../output/ModelText.ts"
import { Output } from "../output/Output.ts"

interface Input {
  /** `PROVIDER/MODEL`. */
  readonly name: string
  readonly workspace: Option.Option<string>
}

interface Formatted extends Input {
  readonly format: "text" | "json"
}

const encode = Schema.encodeEffect(Schema.fromJsonString(ModelInfo))

/** The setup and the named model. Fails for a name that is not `PROVIDER/MODEL`. */
const named = Effect.fnUntraced(function* ({ name, workspace }: Input) {
  const [model, second] = yield* SetupFlags.parseModels(name, "MODEL")
  if (model === undefined || second !== undefined)
    return yield* new UsageError({ problem: `MODEL ${name}: this command takes one model; run it once for each` })
  return { model, setup: yield* SetupFlags.load({ workspace }) }
})

/** Shows what is known about a model, without asking its provider. */
export const show = Effect.fn("parley models show")(function* (input: Formatted) {
  const { model, setup } = yield* named(input)
  const output = yield* Output
  yield* Effect.gen(function* () {
    const models = yield* ModelsManager
    const info = yield* models.describe(model)
    if (input.format === "json") return yield* output.line(yield* Effect.orDie(encode(info)))
    for (const line of ModelText.linesOf(info)) yield* output.text(`${line}\n`)
  }).pipe(Effect.provide(Engine.models(setup)))
})

/** Writes the models into the user's configuration, as those that are used when no other is named. */
export const use = Effect.fn("parley models use")(function* ({ name, workspace }: Input) {
  const models = yield* SetupFlags.parseModels(name, "MODEL")
  const setup = yield* SetupFlags.load({ workspace })
  const output = yield* Output
  // A model whose provider is not configured is refused, so that later commands do not fail because of it.
  yield* Effect.flatMap(ModelsManager, ({ describe }) =>
    Effect.forEach(models, (model) => describe(model), { discard: true })
  ).pipe(Effect.provide(Engine.models(setup)))
  const { configFile } = setup.user
  const names = models.map(format)
  const [first = "", ...others] = names
  yield* UserConfig.edit(configFile, [{ path: ["model"], value: others.length === 0 ? first : names }])
  const then = others.length === 0 ? "" : `, and if it is not available ${others.join(", then ")}`
  yield* output.text(`${first} is now used unless another model is named${then} (in ${configFile})\n`)
})

const Tested = Schema.Struct({
  model: Schema.String,
  text: Schema.Boolean,
  toolCall: Schema.Boolean,
  firstMillis: Schema.optionalKey(Schema.Int),
  millis: Schema.Int,
  inputTokens: Schema.Int,
  outputTokens: Schema.Int,
  cost: Schema.optionalKey(Schema.Finite),
  priceDate: Schema.optionalKey(Schema.String)
})
const encodeTested = Schema.encodeEffect(Schema.fromJsonString(Tested))

const seconds = (millis: number) => `${(millis / 1000).toFixed(1)} s`

const textOf = (tested: typeof Tested.Type): ReadonlyArray<string> => {
  const { cost, firstMillis, inputTokens, millis, outputTokens, priceDate } = tested
  const first = firstMillis === undefined ? "" : `, first content after ${seconds(firstMillis)}`
  const list = priceDate === undefined ? "" : ` (price list of ${priceDate})`
  return [
    `text: ${tested.text ? "works" : "none in this answer"}`,
    `tool call: ${tested.toolCall ? "works" : "none in this answer; tools may not work with this model"}`,
    `time: ${seconds(millis)}${first}`,
    `tokens: ${inputTokens} in, ${outputTokens} out`,
    `cost: ${cost === undefined ? "not known, because the model has no price" : `${ModelText.dollars(cost)}${list}`}`
  ]
}

/** Sends one tiny request to a model, and shows what works. */
export const test = Effect.fn("parley models test")(function* (input: Formatted) {
  const { model, setup } = yield* named(input)
  const output = yield* Output
  yield* Effect.gen(function* () {
    const models = yield* ModelsManager
    const { priceDate } = yield* models.describe(model)
    const { cost, firstMillis, millis, text, toolCall, usage } = yield* ModelTrial.run(model)
    const tested: typeof Tested.Type = {
      model: format(model),
      text,
      toolCall,
      ...(firstMillis === undefined ? {} : { firstMillis }),
      millis,
      inputTokens: allInput(usage),
      outputTokens: usage.outputTokens,
      ...(cost === undefined ? {} : { cost }),
      ...(priceDate === undefined ? {} : { priceDate })
    }
    if (input.format === "json") return yield* output.line(yield* Effect.orDie(encodeTested(tested)))
    for (const line of textOf(tested)) yield* output.text(`${line}\n`)
  }).pipe(Effect.provide([Engine.models(setup), SharedBudget.layer(setup)]))
})
