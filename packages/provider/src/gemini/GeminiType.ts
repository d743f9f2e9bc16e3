import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { common, type ProviderOptions } from "../contract/ProviderOptions.ts"
import type { ProviderType } from "../contract/ProviderType.ts"

const Options = Schema.Struct(common)

/** Models behind the Gemini API. */
export const gemini: ProviderType = {
  type: "gemini",
  options: Options,
  // Google's own SDK also reads GOOGLE_API_KEY and the address.
  variables: { apiKey: "GEMINI_API_KEY", otherApiKey: "GOOGLE_API_KEY", baseUrl: "GOOGLE_GEMINI_BASE_URL" },
  isUsable: ({ apiKey }: ProviderOptions) => apiKey !== undefined,
  load: () =>
    import("./Gemini.ts").then(({ make }) => (id, options, http) => {
      const { apiKey, baseUrl, headers, maxOutputTokens, model } = options
      // Without a key it is not usable; an empty one fails before a request is sent.
      return make({
        id,
        apiKey: apiKey ?? Redacted.make(""),
        baseUrl,
        headers,
        http,
        defaultModel: model,
        maxOutputTokens
      })
    })
}
