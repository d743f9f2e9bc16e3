import * as ProviderKeys from "@parley/app/ProviderKeys"
import { UsageError } from "@parley/app/UsageError"
import { isApiKey } from "@parley/provider/Providers"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as SetupFlags from "../configuration/SetupFlags.ts"
import { Output } from "../output/Output.ts"
import * as HiddenLine from "../terminal/HiddenLine.ts"
import * as Stdin from "../terminal/Stdin.ts"

interface Input {
  readonly provider: string
  readonly workspace: Option.Option<string>
}

const usage = (problem: string) => new UsageError({ problem })

/** The setup, if there is a provider of this name. */
const named = Effect.fnUntraced(function* ({ provider, workspace }: Input) {
  const setup = yield* SetupFlags.load({ workspace })
  const found = setup.providers.find(({ id }) => id === provider)
  if (found !== undefined) return { setup, found }
  const names = setup.providers.map(({ id }) => id).join(", ")
  return yield* usage(`there is no provider ${provider}; there are ${names}`)
})

/** The key: typed without being shown, or the text of standard input. It is never an argument, which other users can see. */
const keyFor = Effect.fnUntraced(function* (provider: string) {
  const piped = Stdin.isTerminal()
    ? yield* Effect.map(HiddenLine.read(`Key for ${provider} (it is not shown): `), (text = "") => text)
    : yield* Effect.map(Stdin.read(undefined), (input) => (input._tag === "Text" ? input.text : ""))
  const key = piped.trim()
  if (key === "") return yield* usage("no key was entered; nothing was changed")
  if (!isApiKey(key))
    return yield* usage("a key is one line without spaces; nothing was changed. Pass only the key to standard input")
  return Redacted.make(key, { label: "key" })
})

const places: { readonly [P in ProviderKeys.Place]: string } = {
  keychain: "in the system's keychain",
  file: "in a file that only you can read"
}

export const login = Effect.fn("parley auth login")(function* (input: Input & { readonly file: boolean }) {
  const { found, setup } = yield* named(input)
  const output = yield* Output
  const { provider } = input
  const key = yield* keyFor(provider)
  const place = yield* ProviderKeys.store(setup.user, provider, key, input.file ? "file" : undefined)
  const where = place === "file" ? ` (${setup.user.keysFile})` : ""
  yield* output.text(`The key of ${provider} is stored ${places[place]}${where}\n`)
  if (place === "file" && !input.file)
    yield* output.note("parley: there is no usable keychain here: see `parley auth login --help`")
  if (found.keyFrom === "variable" || found.keyFrom === "command")
    yield* output.note(`parley: it is not used while ${sourceText(found.keyFrom, found.keyVariable)} has another one`)
})

export const logout = Effect.fn("parley auth logout")(function* (input: Input) {
  const { setup } = yield* named(input)
  const output = yield* Output
  const removed = yield* ProviderKeys.forget(setup.user, input.provider)
  yield* output.text(
    removed ? `The stored key of ${input.provider} is removed\n` : `There is no stored key of ${input.provider}\n`
  )
})

const sourceText = (
  from: "variable" | "command" | "stored" | "configuration",
  variable: string | undefined
): string => {
  switch (from) {
    case "variable":
      return `the variable ${variable ?? "of the provider"}`
    case "command":
      return "apiKeyCommand in the configuration"
    case "stored":
      return "`parley auth login`"
    case "configuration":
      return "apiKey in the configuration"
  }
}

/** Shows where the key of each provider comes from. Keys are neither shown nor obtained. */
export const status = Effect.fn("parley auth status")(function* (input: {
  readonly provider: Option.Option<string>
  readonly workspace: Option.Option<string>
}) {
  const name = Option.getOrUndefined(input.provider)
  const setup =
    name === undefined
      ? yield* SetupFlags.load(input)
      : (yield* named({ provider: name, workspace: input.workspace })).setup
  const output = yield* Output
  for (const { id, keyFrom, keyVariable, load } of setup.providers) {
    if (name !== undefined && name !== id) continue
    const missing = load === undefined ? "no key" : "needs no key"
    yield* output.text(`${id}: ${keyFrom === undefined ? missing : `key from ${sourceText(keyFrom, keyVariable)}`}\n`)
  }
})
