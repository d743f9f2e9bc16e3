import { assert, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"

const script = `
import { registerHooks } from "node:module"
const loaded = []
registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context) } })
const { Effect, Redacted } = await import("effect")
const Providers = await import("@parley/provider/Providers")
const env = { ANTHROPIC_API_KEY: "k", OPENAI_API_KEY: "k", GROQ_API_KEY: "k", OPENROUTER_API_KEY: "k", GEMINI_API_KEY: "k" }
const configured = await Effect.runPromise(Providers.configure([], env))
const providers = await Providers.load(configured, { fetch: () => Promise.reject(new Error("no request")) })
const sdks = () => loaded.filter((url) => /node_modules\\/(?:openai|@anthropic-ai)\\//.test(url)).length
const before = sdks()
const ollama = providers.find(({ id }) => id === "ollama")
await Effect.runPromise(Effect.flip(ollama.discover))
console.log(providers.length, before, sdks() > 0)
`

it("no SDK is loaded before the first request", () => {
  const shown = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
    cwd: import.meta.dirname,
    encoding: "utf8"
  })
  assert.strictEqual(shown.trim(), "9 0 true")
})
