import { McpManager } from "@parley/domain/McpManager"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import { ServerRequests } from "@parley/domain/ServerRequests"
import { accept, driftOf, hashOf, keyOf, type PinError, type Pinned, type Pins } from "@parley/mcp/ToolPins"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import { ServerTrouble } from "@parley/app/ServerTrouble"
import { UsageError } from "@parley/app/UsageError"
import * as Engine from "@parley/app/Engine"
import { Output } from "../../output/Output.ts"
import { serverRedaction } from "@parley/mcp/ServerSecrets"
import type { Setup } from "../../configuration/SetupFlags.ts"
import { ask, type Consent } from "../../consent/Asking.ts"
import * as DriftText from "../../consent/DriftText.ts"
import * as ToolPinFiles from "@parley/app/ToolPinFiles"

const trouble = (problem: string) => new ServerTrouble({ reason: "Unreachable", problem })
const unusable = ({ problem }: PinError) => new UsageError({ problem })

/** Some servers register tools only after the handshake, so their tools are read after this time. */
const late = "1 second"
const nobody: ServerRequests = {
  elicit: () => Effect.succeed({ _tag: "Decline" }),
  sample: () => Effect.succeed({ _tag: "Declined", reason: "nobody is there" })
}

/** The tools that a server offers now, captured as if they were to be pinned for the first time. Nothing is stored. */
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
    // With the capabilities of a conversation, as some servers offer more tools to clients that support elicitation.
    Layer.provide(Engine.tools(setup, { [name]: server }, { pins }), Layer.succeed(ServerRequests, nobody))
  )
  const offered = yield* Ref.get(seen)
  const status = statuses.find((status) => status.name === name)
  if (offered === undefined || status?.state !== "ready")
    return yield* trouble(
      `The tools of ${name} cannot be listed: ${serverRedaction(config)(status?.problem ?? "no reason was given")}`
    )
  return offered
})

/** Shows how a server's tools differ from the accepted ones, and asks the user whether to accept the new definitions. */
export const decide = Effect.fnUntraced(function* (
  setup: Setup,
  name: string,
  config: McpServerConfig,
  consent: Consent
) {
  const output = yield* Output
  if (config.pinning === "off")
    return yield* output.note(
      `The tools of ${name} are not pinned, because its "pinning" is "off" in the configuration`
    )
  const pins = ToolPinFiles.make(setup)
  const key = keyOf(name, config)
  const accepted = yield* Effect.mapError(pins.read(key), unusable)
  const offered = yield* offeredBy(setup, name, config)
  const store = Effect.mapError(
    pins.update(key, (before = {}) => accept(before, offered)),
    unusable
  )
  if (accepted === undefined) {
    yield* store
    return yield* output.note(`This is the first connection to ${name}; its tools are pinned as they are now`)
  }
  const drift = driftOf(accepted, offered)
  if (drift.length === 0) return yield* output.note(`The tools of ${name} have not changed since you accepted them`)
  const hash = hashOf(offered)
  const redact = serverRedaction(config)
  yield* output.text(`${redact(DriftText.words(drift, accepted, offered))}\nhash: ${hash}\n`)
  const answer = yield* ask("accept these tools as they are now? yes, [N]o: ", hash, consent)
  if (answer !== "yes") return yield* output.note("Nothing was accepted; the tools shown above stay blocked")
  yield* store
  yield* output.note(`The tools of ${name} are accepted as shown`)
})
