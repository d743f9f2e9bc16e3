import type { ConfigError } from "@parley/domain/Errors"
import type { Redact } from "@parley/domain/Redaction"
import * as Http from "@parley/http/Http"
import * as Recording from "@parley/session/Recording"
import { type Recorded, RecordingError } from "@parley/session/RecordingFormat"
import * as Replay from "@parley/session/Replay"
import type { SessionCoordinator } from "@parley/session/SessionCoordinator"
import type { Tape } from "@parley/session/Tape"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { Setup } from "../configuration/Setup.ts"
import * as Engine from "../engine/Engine.ts"
import * as RecordedHost from "./RecordedHost.ts"
import * as RecordingFile from "./RecordingFile.ts"
import * as WireTape from "./WireTape.ts"

const encodeHost = Schema.encodeSync(RecordedHost.RecordedHost)
const decodeHost = Schema.decodeUnknownEffect(RecordedHost.RecordedHost)

const unchanged: Redact = (text) => text
/** A replay has the mark in place of each secret already. */
const none: WireTape.Secrets = { add: () => undefined, redact: unchanged }

/** An HTTP client that can send nothing. */
const offline: Http.HttpClient = {
  fetch: () => Promise.reject(new Error("a replay sends nothing")),
  within: () => offline.fetch,
  isProxied: () => false,
  close: () => undefined
}

/**
 * The coordinator of `Engine.layer`, recorded into a file that does not exist yet. Requests to models and responses are
 * recorded as bytes. The file contains what the session's log contains, and what models and tools answered; it contains no
 * header of a request and no key, also not where a server repeats one.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  setup: Setup,
  name: string
): Layer.Layer<SessionCoordinator, RecordingError, Layer.Services<ReturnType<typeof Recording.layer>>> =>
  Layer.unwrap(
    Effect.map(RecordingFile.create(name), ({ secrets, write }) => {
      secrets.add(RecordedHost.secretsOf(setup))
      return Recording.layer({
        write,
        host: encodeHost(RecordedHost.make(setup)),
        wired: (tape) => Engine.models(setup, (client) => WireTape.make(tape, client, secrets))
      })
    })
  )

/**
 * The options that replay a recording of `layer`, or of a library that recorded no host.
 *
 * @since 0.1.0
 * @category functions
 */
export const replaying = Effect.fn("EngineRecording.replaying")(function* (
  name: string,
  recorded: Recorded
): Effect.fn.Return<Replay.ReplayOptions, RecordingError | ConfigError> {
  const { host } = recorded.header
  if (host === undefined) return { name, recorded }
  const decoded = yield* Effect.mapError(
    decodeHost(host),
    () => new RecordingError({ name, reason: { _tag: "Damaged", line: 1 } })
  )
  const setup = yield* RecordedHost.setupOf(name, decoded)
  const wired = (tape: Tape) =>
    Engine.models(setup, () => WireTape.make(tape, offline, none)).pipe(
      Layer.provide(Layer.succeed(Http.Client, offline))
    )
  return { name, recorded, wired }
})

/**
 * Replays the recording in a file. Reads no configuration, and touches neither the network nor a workspace.
 *
 * @since 0.1.0
 * @category functions
 */
export const replay = Effect.fn("EngineRecording.replay")(function* (name: string) {
  const recorded = yield* RecordingFile.read(name)
  return yield* Replay.run(yield* replaying(name, recorded))
})

export { read } from "./RecordingFile.ts"
