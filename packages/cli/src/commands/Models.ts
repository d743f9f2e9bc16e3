import type { ModelError } from "@parley/domain/ModelError"
import { format } from "@parley/domain/ModelRef"
import { ModelInfo, ModelsManager } from "@parley/domain/ModelsManager"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Discovery from "@parley/app/Discovery"
import type { DiscoveredModel } from "@parley/app/Discovery"
import * as Engine from "@parley/app/Engine"
import { priceOf } from "../output/ModelText.ts"
import { Output } from "../output/Output.ts"
import * as SetupFlags from "../configuration/SetupFlags.ts"

const encode = Schema.encodeEffect(Schema.fromJsonString(Schema.Array(ModelInfo)))

/**
 * Lists the available models; `*` marks the one that is used if the user names none, and numbers from 2 the ones to ask if it
 * is not available.
 */
export const models = Effect.fn("parley models")(function* (
  input: SetupFlags.Flags & { readonly format: "text" | "json" }
) {
  const setup = yield* SetupFlags.load(input)
  yield* Effect.gen(function* () {
    const manager = yield* ModelsManager
    const output = yield* Output
    const known = yield* manager.models
    if (input.format === "json") return yield* output.line(yield* Effect.orDie(encode(known)))
    const preferred = Result.map(yield* Effect.result(manager.preferred), format)
    const fallbacks = setup.fallbacks.map(format)
    for (const info of known) {
      const place = fallbacks.indexOf(format(info.ref))
      const other = place < 0 ? " " : String(place + 2)
      const mark = Result.isSuccess(preferred) && preferred.success === format(info.ref) ? "*" : other
      yield* output.text(`${mark} ${format(info.ref)}  ${info.description}${priceOf(info)}\n`)
    }
    if (!setup.providers.some(({ isConfigured, load }) => isConfigured && load !== undefined))
      yield* output.note(
        `For a real model, ${Engine.realModel}. Keys and addresses can also be configured in ${setup.user.configFile}`
      )
  }).pipe(Effect.provide(Engine.models(setup)))
})

const Limits = Schema.Struct({
  contextWindow: Schema.optionalKey(Schema.Int),
  maxOutputTokens: Schema.optionalKey(Schema.Int)
})

const Listed = Schema.Array(
  Schema.Struct({
    provider: Schema.String,
    models: Schema.Array(Schema.String),
    /** In tokens, by model, as far as the server reports them. */
    limits: Schema.optionalKey(Schema.Record(Schema.String, Limits)),
    problem: Schema.optionalKey(Schema.String)
  })
)
const encodeListed = Schema.encodeEffect(Schema.fromJsonString(Listed))

const problemOf = (error: Option.Option<ModelError>): string =>
  Option.match(error, { onNone: () => "the server did not answer in time", onSome: ({ message }) => message })

const limitsOf = (models: ReadonlyArray<DiscoveredModel>) => {
  const limits = models.flatMap(({ name, ...limits }) =>
    Object.keys(limits).length === 0 ? [] : [[name, limits] as const]
  )
  return limits.length === 0 ? {} : { limits: Object.fromEntries(limits) }
}

const limitsText = ({ contextWindow, maxOutputTokens }: Omit<DiscoveredModel, "name">): string => {
  const parts = [
    contextWindow === undefined ? [] : [`reads ${contextWindow} tokens`],
    maxOutputTokens === undefined ? [] : [`writes up to ${maxOutputTokens}`]
  ].flat()
  return parts.length === 0 ? "" : `  (${parts.join(", ")})`
}

/** Asks the servers of providers which models they have. Fails only if a named provider does not answer. */
export const discover = Effect.fn("parley models discover")(function* (input: {
  readonly provider: ReadonlyArray<string>
  readonly workspace: Option.Option<string>
  readonly format: "text" | "json"
}) {
  const setup = yield* SetupFlags.load(input)
  const output = yield* Output
  const found = yield* Discovery.discover(setup, input.provider)
  const listed = found.map(({ models, provider }) =>
    Result.match(models, {
      onSuccess: (models) => ({ provider, models: models.map(({ name }) => name), ...limitsOf(models) }),
      onFailure: (error) => ({ provider, models: [], problem: problemOf(error) })
    })
  )
  if (input.format === "json") yield* output.line(yield* Effect.orDie(encodeListed(listed)))
  else
    for (const { models, provider } of found)
      for (const { name, ...limits } of Result.getOrElse(models, () => []))
        yield* output.text(`${format({ provider, model: name })}${limitsText(limits)}\n`)
  for (const { models, provider } of found) {
    if (Result.isSuccess(models)) continue
    if (input.provider.length > 0 && Option.isSome(models.failure)) return yield* models.failure.value
    yield* output.note(`${provider}: ${problemOf(models.failure)}`)
  }
})
