// Writes the catalogue of models: their limits, media types and prices, an excerpt of the data of @earendil-works/pi-ai.
// With --check it writes nothing, and fails if the catalogue is not the one that it would write.
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import process from "node:process"

const root = resolve(import.meta.dirname, "..")
const source = join(root, "node_modules/@earendil-works/pi-ai")
const target = join(root, "packages/provider/src/catalogue/third-party/@earendil-works/pi-ai")

/** The providers for which Parley has an implementation. The names are those of the source's files. */
const providers = ["anthropic", "azure", "google", "groq", "openai", "openrouter"]

interface Rates {
  readonly input: number
  readonly output: number
  readonly cacheRead: number
  readonly cacheWrite: number
}

interface Model {
  readonly id: string
  readonly name: string
  readonly input: ReadonlyArray<string>
  readonly cost: Rates & { readonly tiers?: ReadonlyArray<Rates & { readonly inputTokensAbove: number }> }
  readonly contextWindow: number
  readonly maxTokens: number
}

/**
 * Prices in dollars per million tokens. The source has 0 for the price of a cache that is not known: without a price of
 * their own, `Usage.cost` counts cached tokens in full. APIs without a price for writing charge it as input.
 */
const rates = ({ cacheRead, cacheWrite, input, output }: Rates) => ({
  input,
  output,
  ...(cacheRead > 0 || input === 0 ? { cacheRead } : {}),
  cacheWrite: cacheWrite > 0 ? cacheWrite : input
})

/** A model without a price is free only if its name says so. Others are routers whose price depends on their choice. */
const isPriced = ({ cost, id }: Model): boolean => cost.input > 0 || cost.output > 0 || id.endsWith(":free")

const entry = (model: Model) => ({
  name: model.name,
  contextWindow: model.contextWindow,
  maxOutput: model.maxTokens,
  input: model.input,
  ...(isPriced(model)
    ? {
        price: {
          ...rates(model.cost),
          ...(model.cost.tiers === undefined
            ? {}
            : {
                tiers: model.cost.tiers.map(({ inputTokensAbove, ...tier }) => ({ inputTokensAbove, ...rates(tier) }))
              })
        }
      }
    : {})
})

const read = (path: string) => JSON.parse(readFileSync(path, "utf8"))
const { version } = read(join(source, "package.json"))
const date = String(read(join(source, "dist/providers/data/.manifest.json")).generatedAt).slice(0, 10)

/** The catalogue of a provider as JSON text, one model per line, so that a new version can be compared with the old one. */
const textOf = (provider: string): string => {
  const apis: Record<string, Record<string, Model>> = read(join(source, `dist/providers/data/${provider}.json`))
  const chats = Object.values(apis).flatMap((models) =>
    Object.entries(models).flatMap(([key, model]) => (key.startsWith("chat:") ? [model] : []))
  )
  const lines = chats
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map((model) => `    ${JSON.stringify(model.id)}: ${JSON.stringify(entry(model))}`)
  const head = [
    `"source": ${JSON.stringify(`@earendil-works/pi-ai ${version}, MIT License, Copyright (c) 2025 Mario Zechner`)}`,
    `"date": "${date}"`
  ]
  return `{\n${head.map((line) => `  ${line},\n`).join("")}  "models": {\n${lines.join(",\n")}\n  }\n}\n`
}

for (const provider of providers) {
  const file = join(target, `${provider}.json`)
  const text = textOf(provider)
  if (!process.argv.includes("--check")) writeFileSync(file, text)
  else if (!existsSync(file) || readFileSync(file, "utf8") !== text) {
    console.error(`${file} is not what scripts/models.ts writes from @earendil-works/pi-ai ${version}: run it`)
    process.exitCode = 1
  }
}
console.log(`catalogue of ${date}: ${providers.length} providers`)
