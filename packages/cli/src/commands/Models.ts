import { format } from "@parley/domain/ModelRef"
import { ModelInfo, ModelsManager } from "@parley/domain/ModelsManager"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Live from "../Live.ts"
import { Output } from "../Output.ts"
import * as Setup from "../Setup.ts"

const encode = Schema.encodeEffect(Schema.fromJsonString(Schema.Array(ModelInfo)))

/** The models that can be named; `*` marks the one that is used when none is. */
export const models = Effect.fn("parley models")(function* (input: Setup.Flags & { readonly format: "text" | "json" }) {
  const setup = yield* Setup.load(input)
  yield* Effect.gen(function* () {
    const manager = yield* ModelsManager
    const output = yield* Output
    const known = yield* manager.models
    if (input.format === "json") return yield* output.line(yield* Effect.orDie(encode(known)))
    const preferred = Result.map(yield* Effect.result(manager.preferred), format)
    for (const { description, price, ref } of known) {
      const mark = Result.isSuccess(preferred) && preferred.success === format(ref) ? "*" : " "
      const cost =
        price === undefined
          ? ""
          : price.input === 0 && price.output === 0
            ? "  (free)"
            : `  ($${price.input} in, $${price.output} out per million tokens)`
      yield* output.text(`${mark} ${format(ref)}  ${description}${cost}\n`)
    }
    if (setup.config.providers?.anthropic?.apiKey === undefined)
      yield* output.note(`Anthropic: set ANTHROPIC_API_KEY, or providers.anthropic.apiKey in ${setup.user.configFile}`)
  }).pipe(Effect.provide(Live.models(setup)))
})
