import { McpManager } from "@parley/domain/McpManager"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import { ServerRequests } from "@parley/domain/ServerRequests"
import { accept, driftOf, hashOf, keyOf, type PinError, type Pinned, type Pins } from "@parley/mcp/Pins"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import { ServerTrouble, UsageError } from "../ExitCode.ts"
import * as Live from "../Live.ts"
import { Output } from "../Output.ts"
import { concealing } from "@parley/mcp/Concealing"
import type { Setup } from "../Setup.ts"
import { ask, type Consent } from "../trust/Asking.ts"
import * as DriftText from "../trust/DriftText.ts"
import { filePins } from "../trust/FilePins.ts"

const trouble = (problem: string) => new ServerTrouble({ reason: "Unreachable", problem })
const unusable = ({ problem }: PinError) => new UsageError({ problem })

/** Some tools are registered only after the greeting. */
const late = "1 second"
const nobody: ServerRequests = {
  elicit: () => Effect.succeed({ _tag: "Decline" }),
  sample: () => Effect.succeed({ _tag: "Declined", reason: "nobody is there" })
}

/** What a server offers now, taken down where its first sight would be pinned. Nothing is stored. */
const offeredBy = Effect.fnUntraced(function* (setup: Setup, name: string, config: McpServerConfig) {
  const seen = yield* Ref.make<Pinned | undefined>(undefined)
  const key = keyOf(name, config)
  const pins: Pins = {
    read: () => Effect.undefined,
    update: (at, change) => (at === key ? Ref.set(seen, change(undefined)) : Effect.void)
  }
  const { disabled: _disabled, ...server } = config
  const statuses = yield* Effect.provide(
    Effect.flatMap(McpManager, ({ servers }) => Effect.tap(servers, Effect.sleep(late))),
    // As a conversation would be seen: some servers offer more to who can be asked.
    Layer.provide(Live.tools(setup, { [name]: server }, { pins }), Layer.succeed(ServerRequests, nobody))
  )
  const offered = yield* Ref.get(seen)
  const status = statuses.find((status) => status.name === name)
  if (offered === undefined || status?.state !== "ready")
    return yield* trouble(
      `${name} cannot be looked at: ${concealing(config)(status?.problem ?? "it does not say why")}`
    )
  return offered
})

/** Shows how a server's tools differ from what was accepted of them, and has the user decide on that. */
export const decide = Effect.fnUntraced(function* (
  setup: Setup,
  name: string,
  config: McpServerConfig,
  consent: Consent
) {
  const output = yield* Output
  if (config.pinning === "off") return yield* output.note(`The tools of ${name} are not pinned: "pinning" is "off"`)
  const pins = filePins(setup)
  const key = keyOf(name, config)
  const accepted = yield* Effect.mapError(pins.read(key), unusable)
  const offered = yield* offeredBy(setup, name, config)
  const store = Effect.mapError(
    pins.update(key, (before = {}) => accept(before, offered)),
    unusable
  )
  if (accepted === undefined) {
    yield* store
    return yield* output.note(`${name} is seen for the first time: its tools are pinned as they are`)
  }
  const drift = driftOf(accepted, offered)
  if (drift.length === 0) return yield* output.note(`The tools of ${name} are as you accepted them`)
  const hash = hashOf(offered)
  const conceal = concealing(config)
  yield* output.text(`${conceal(DriftText.words(drift, accepted, offered))}\nhash: ${hash}\n`)
  const answer = yield* ask("accept these tools as they are now? yes, [N]o: ", hash, consent)
  if (answer !== "yes") return yield* output.note("Nothing was accepted; what is shown above stays blocked")
  yield* store
  yield* output.note(`The tools of ${name} are accepted as they were shown`)
})
