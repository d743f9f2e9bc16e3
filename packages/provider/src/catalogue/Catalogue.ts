import type { ModelInfo } from "@parley/domain/ModelsManager"
import { Price } from "@parley/domain/Usage"
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import * as Schema from "effect/Schema"

const Count = Schema.Int.check(Schema.isGreaterThan(0))

const Facts = Schema.Struct({
  name: Schema.String,
  /** In tokens, including the response. */
  contextWindow: Count,
  /** The longest response that the model can give, in tokens. */
  maxOutput: Count,
  /** What the model reads besides text: `image` and others. */
  input: Schema.Array(Schema.String),
  /** Absent if the price depends on what a router chooses. */
  price: Schema.optionalKey(Price)
})

/** What the catalogue has about one model, and the date of its data, `YYYY-MM-DD`. */
export type Facts = typeof Facts.Type & { readonly date: string }

const File = Schema.Struct({ date: Schema.String, models: Schema.Record(Schema.String, Schema.Unknown) })

const decodeFile = Schema.decodeUnknownSync(File)
const decodeFacts = Schema.decodeUnknownSync(Facts)

interface Part {
  /** The hosts whose models and prices these are. A gateway at another address has limits and prices of its own. */
  readonly host: RegExp
  readonly load: () => Promise<{ readonly default: unknown }>
}

/** The data is made by `scripts/models.ts`. Each part is loaded when a model of its host is described. */
const parts: ReadonlyArray<Part> = [
  {
    host: /^api\.anthropic\.com$/,
    load: () => import("./third-party/@earendil-works/pi-ai/anthropic.json", { with: { type: "json" } })
  },
  {
    host: /^api\.openai\.com$/,
    load: () => import("./third-party/@earendil-works/pi-ai/openai.json", { with: { type: "json" } })
  },
  {
    host: /^generativelanguage\.googleapis\.com$/,
    load: () => import("./third-party/@earendil-works/pi-ai/google.json", { with: { type: "json" } })
  },
  {
    host: /^api\.groq\.com$/,
    load: () => import("./third-party/@earendil-works/pi-ai/groq.json", { with: { type: "json" } })
  },
  {
    host: /^openrouter\.ai$/,
    load: () => import("./third-party/@earendil-works/pi-ai/openrouter.json", { with: { type: "json" } })
  },
  {
    // A deployment is found here if it is named like its model, as Azure proposes.
    host: /\.(?:openai|services\.ai|cognitiveservices)\.azure\.com$/,
    load: () => import("./third-party/@earendil-works/pi-ai/azure.json", { with: { type: "json" } })
  }
]

const partOf = (endpoint: string | undefined): Part | undefined => {
  if (endpoint === undefined || !URL.canParse(endpoint)) return undefined
  const { hostname, port, protocol } = new URL(endpoint)
  return protocol === "https:" && port === "" ? parts.find(({ host }) => host.test(hostname)) : undefined
}

/**
 * What the catalogue has about a model at the endpoint of its provider. Undefined for other endpoints, and for models whose
 * exact id it does not have: a similar id may be a model with another price.
 */
export const find = (endpoint: string | undefined, model: string): Effect.Effect<Facts | undefined> => {
  const part = partOf(endpoint)
  if (part === undefined) return Effect.undefined
  return Effect.map(Effect.promise(part.load), (loaded) => {
    const { date, models } = decodeFile(loaded.default)
    return Object.hasOwn(models, model) ? { ...decodeFacts(models[model]), date } : undefined
  })
}

const isLongCache = (settings: ModelInfo["settings"]): boolean => {
  const control = settings?.["cache_control"]
  return hasProperty(control, "ttl") && control.ttl === "1h"
}

/**
 * The price for requests with these settings. The catalogue's price of writing to the cache is that for the usual five
 * minutes. Without it, `Usage.cost` uses twice the price of input, which is what Anthropic charges for an hour.
 */
export const priceFor = (price: Price, settings: ModelInfo["settings"]): Price => {
  if (!isLongCache(settings)) return price
  const { cacheWrite: _, tiers, ...rates } = price
  return tiers === undefined ? rates : { ...rates, tiers: tiers.map(({ cacheWrite: _, ...tier }) => tier) }
}
