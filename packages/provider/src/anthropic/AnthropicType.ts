import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { common } from "../contract/ProviderOptions.ts"
import type { ProviderType } from "../contract/ProviderType.ts"

const Beta = Schema.String.check(Schema.isPattern(/^[\w.-]+$/)).annotate({ expected: "the name of a beta feature" })

const Options = Schema.Struct({
  ...common,
  /** Whether requests use the API's prompt cache. Default: true. */
  caching: Schema.optionalKey(Schema.Boolean),
  /** How long a cached prompt is kept after its last use. */
  cacheLifetime: Schema.optionalKey(Schema.Literals(["5m", "1h"])),
  /** Whether the models are asked to cite the documents that they answer from. Default: false. */
  citations: Schema.optionalKey(Schema.Boolean),
  /** Beta features that each request uses. */
  betas: Beta.pipe(Schema.Array, Schema.optionalKey),
  /** Whether the server knows the option that drops thinking whose context has changed. Default: only Anthropic's own. */
  blockBinding: Schema.optionalKey(Schema.Boolean)
})

/** Models behind the Anthropic Messages API. */
export const anthropic: ProviderType<typeof Options.Type> = {
  type: "anthropic",
  options: Options,
  variables: { apiKey: "ANTHROPIC_API_KEY", baseUrl: "ANTHROPIC_BASE_URL" },
  isUsable: ({ apiKey }) => apiKey !== undefined,
  load: () =>
    import("./Anthropic.ts").then(({ make }) => (id, { apiKey, model, type: _, ...options }, http) => {
      // Without a key it is not usable; an empty one fails before a request is sent.
      const key = apiKey ?? Redacted.make("")
      return make({ ...options, id, apiKey: key, http, ...(model === undefined ? {} : { defaultModel: model }) })
    })
}
