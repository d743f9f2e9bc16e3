import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Scope } from "effect/Scope"
import { type AuthOptions, authorizerFor } from "../auth/LoginOptions.ts"
import type { HttpServer, McpServerConfig, StdioServer } from "@parley/domain/McpServerConfig"
import { type AdmissionOptions, admit, makeFirstOffer, type FirstOffer } from "./Admission.ts"
import { childEnvironment, ServerDown, startChildServer } from "../transport/ChildServer.ts"
import type { Connection } from "../transport/Connection.ts"
import { newMark } from "../transport/ServerMark.ts"
import type { EndingDeadline } from "../transport/EndingDeadline.ts"
import { startMillis, tooLate } from "../transport/Launchers.ts"
import { connectChild } from "../transport/ChildTransport.ts"
import { connectAddress } from "../transport/HttpTransport.ts"
import type { ClientSettings } from "../transport/Open.ts"
import { capabilitiesOf } from "../transport/ServerSide.ts"
import { keepListed } from "./CatalogListing.ts"
import { type Places, placeOf } from "../transport/ServerPlace.ts"
import { relist } from "./Relisting.ts"
import { makeStrays } from "../transport/ProtocolNoise.ts"
import { listTools } from "./ToolListing.ts"
import { died, dispatch, type ToolServer } from "./ToolServer.ts"

/** The options for starting a server besides its own configuration. */
export interface LifeOptions {
  readonly client: ClientSettings
  readonly admission: AdmissionOptions
  readonly places: Places
  readonly environment: { readonly [name: string]: string | undefined } | undefined
  readonly grace: Duration.Duration
  /** Shortens the grace period when a signal is ending this process. */
  readonly deadline: EndingDeadline
  readonly onStderr: ((server: string, text: string) => void) | undefined
  /** How long a server may take to respond to a ping after a call was interrupted or timed out. */
  readonly pingTimeout: Duration.Input | undefined
  readonly auth: AuthOptions | undefined
}

/** A server that has been started but has not received a request yet. */
interface Started {
  readonly connect: Effect.Effect<Connection, ServerDown, Scope>
  /** Completes with a description of how the program ended. Undefined for HTTP servers. */
  readonly ended: Effect.Effect<string> | undefined
  readonly lastWords: () => string
  /** Why the server requires a login, if it does. */
  readonly loginMissing: () => string | undefined
}

/** How Parley presents itself to this server, and which requests the server may send. */
const settingsOf = ({ dialogue }: ToolServer, config: McpServerConfig, options: LifeOptions): ClientSettings => ({
  ...options.client,
  pingTimeout: options.pingTimeout,
  side: {
    dialogue,
    roots: config.roots ?? [],
    directory: options.places.workspaceRoot,
    logLevel: config.logLevel ?? "warning"
  }
})

const startStdio = (
  server: ToolServer,
  config: StdioServer,
  options: LifeOptions
): Effect.Effect<Started, ServerDown, Scope> =>
  Effect.map(
    Effect.flatMap(placeOf(server.name, config, options.places), ({ args, cwd, env }) => {
      const mark = newMark()
      return startChildServer({
        command: config.command,
        args,
        env: childEnvironment(env, options.environment, mark),
        cwd,
        ending: { grace: options.grace, deadline: options.deadline, mark },
        onStderr: (text) => {
          server.dialogue.log.stderr(text)
          options.onStderr?.(server.name, text)
        }
      })
    }),
    (child) => ({
      connect: Effect.flatMap(makeStrays(server.name, server.warned), (strays) =>
        connectChild(child, settingsOf(server, config, options), config.protocol ?? "legacy", strays)
      ),
      ended: child.ended,
      lastWords: child.lastWords,
      loginMissing: () => undefined
    })
  )

const startHttp = (
  server: ToolServer,
  config: HttpServer,
  options: LifeOptions
): Effect.Effect<Started, never, Scope> =>
  Effect.map(authorizerFor(server.name, config, options.auth), (authorizer) => ({
    connect: connectAddress(config, settingsOf(server, config, options), authorizer),
    ended: undefined,
    lastWords: () => "",
    loginMissing: () => authorizer?.trouble()
  }))

const start = (server: ToolServer, config: McpServerConfig, options: LifeOptions) =>
  "url" in config ? startHttp(server, config, options) : startStdio(server, config, options)

const withLastWords = (problem: string, { lastWords }: Started): string => {
  const words = lastWords()
  return words === "" ? problem : `${problem} (${words})`
}

/** Explains a broken connection. Most often the program has just ended, so this waits up to a second for its exit status. */
const explain = (problem: string, started: Started): Effect.Effect<string> =>
  (started.ended === undefined ? Effect.succeedNone : Effect.timeoutOption(started.ended, "1 second")).pipe(
    Effect.map(Option.match({ onNone: () => problem, onSome: (how) => `it ${how}` })),
    Effect.map((problem) => withLastWords(problem, started))
  )

const startLimit = (config: McpServerConfig) => Duration.millis(startMillis(config))

/** Lists the tools that a server offers now and that may be used. */
const admitted = (
  name: string,
  config: McpServerConfig,
  connection: Connection,
  { admission }: LifeOptions,
  firstOffer: FirstOffer
) =>
  Effect.flatMap(listTools(name, config, connection), (listing) => admit(name, config, admission, listing, firstOffer))

const readyIn = (
  name: string,
  config: McpServerConfig,
  started: Started,
  options: LifeOptions,
  firstOffer: FirstOffer
) => {
  const limit = startLimit(config)
  return started.connect.pipe(
    Effect.flatMap((connection) =>
      Effect.map(admitted(name, config, connection, options, firstOffer), (listing) => ({
        _tag: "BecameReady" as const,
        connection,
        listing
      }))
    ),
    Effect.catchTag("ServerDown", ({ answered, problem }) =>
      Effect.flatMap(
        answered === true ? Effect.sync(() => withLastWords(problem, started)) : explain(problem, started),
        (problem) => Effect.fail(new ServerDown({ problem }))
      )
    ),
    Effect.timeoutOrElse({
      duration: limit,
      orElse: () =>
        Effect.suspend(() => Effect.fail(new ServerDown({ problem: withLastWords(tooLate(config), started) })))
    })
  )
}

/**
 * One run of a server: starts it and keeps it running until it ends or the fiber is interrupted, then ends everything that
 * it has started. Never fails: the server's state records the outcome, and leaves `Starting` within the start timeout. When
 * this returns, the server has died.
 */
export const live = (server: ToolServer, config: McpServerConfig, options: LifeOptions): Effect.Effect<void> =>
  Effect.gen(function* () {
    const started = yield* start(server, config, options)
    const { side } = settingsOf(server, config, options)
    const firstOffer = makeFirstOffer(side === undefined ? "" : Object.keys(capabilitiesOf(side)).sort().join())
    const whole = Effect.gen(function* () {
      const ready = yield* readyIn(server.name, config, started, options, firstOffer)
      yield* dispatch(server, ready)
      const { connection } = ready
      yield* Effect.forkScoped(keepListed(server, connection, startLimit(config)))
      const list = admitted(server.name, config, connection, options, firstOffer)
      const problem = yield* Effect.raceFirst(connection.closed, relist(server, connection, list, startLimit(config)))
      return yield* new ServerDown({ problem: yield* explain(problem, started) })
    })
    yield* Effect.catchTag(whole, "ServerDown", (down) => {
      const problem = started.loginMissing()
      return problem === undefined ? Effect.fail(down) : dispatch(server, { _tag: "LoginMissing", problem })
    })
  }).pipe(
    // Recorded before the scope closes, so that callers waiting for the server need not wait until it has been ended.
    Effect.catchTag("ServerDown", ({ problem }) => died(server, problem)),
    Effect.scoped,
    // A defect here is a bug in Parley. It must not leave `tools` waiting indefinitely.
    Effect.catchDefect((defect) => dispatch(server, { _tag: "GaveUp", problem: `internal error: ${String(defect)}` }))
  )
