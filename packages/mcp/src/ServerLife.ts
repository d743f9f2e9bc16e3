import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Scope } from "effect/Scope"
import { type AuthOptions, authorizerFor } from "./McpAuth.ts"
import type { HttpServer, McpServerConfig, StdioServer } from "@parley/domain/McpServerConfig"
import { type AdmissionOptions, admit, makeSight, type Sight } from "./Admission.ts"
import { childEnvironment } from "./internal/ChildEnvironment.ts"
import { ServerDown, startChildServer } from "./internal/ChildServer.ts"
import type { Connection } from "./internal/Connection.ts"
import { newMark } from "./internal/ServerMark.ts"
import type { Haste } from "./Haste.ts"
import { startMillis, tooLate } from "./Launchers.ts"
import { connectChild } from "./internal/ChildTransport.ts"
import { connectAddress } from "./internal/AddressTransport.ts"
import type { ClientSettings } from "./internal/Open.ts"
import { capabilitiesOf } from "./internal/ServerSide.ts"
import { keepListed } from "./OfferListing.ts"
import { type Places, placeOf } from "./ServerPlace.ts"
import { relist } from "./Relisting.ts"
import { makeStrays } from "./Strays.ts"
import { catalogOf } from "./ToolListing.ts"
import { died, tell, type ToolServer } from "./ToolServer.ts"

/** What the start of a server needs besides its own configuration. */
export interface LifeOptions {
  readonly client: ClientSettings
  readonly admission: AdmissionOptions
  readonly places: Places
  readonly environment: { readonly [name: string]: string | undefined } | undefined
  readonly grace: Duration.Duration
  /** Cuts the grace short when this process is ending by a signal. */
  readonly haste: Haste
  readonly onStderr: ((server: string, text: string) => void) | undefined
  /** How long a server has for a sign of life after a call was given up. */
  readonly hearing: Duration.Input | undefined
  readonly auth: AuthOptions | undefined
}

/** A server that has been started and not yet asked anything. */
interface Started {
  readonly connect: Effect.Effect<Connection, ServerDown, Scope>
  /** How the program ended. Of a server elsewhere nothing is known. */
  readonly ended: Effect.Effect<string> | undefined
  readonly lastWords: () => string
  /** Why nothing but a login helps. */
  readonly loginMissing: () => string | undefined
}

/** What we say of ourselves to this server, and what it may ask of us. */
const settingsOf = ({ dialogue }: ToolServer, config: McpServerConfig, options: LifeOptions): ClientSettings => ({
  ...options.client,
  hearing: options.hearing,
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
        ending: { grace: options.grace, haste: options.haste, mark },
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

/** What to say of a connection that broke. Most often the program has just ended, and a moment is given to see that. */
const explain = (problem: string, started: Started): Effect.Effect<string> =>
  (started.ended === undefined ? Effect.succeedNone : Effect.timeoutOption(started.ended, "1 second")).pipe(
    Effect.map(Option.match({ onNone: () => problem, onSome: (how) => `it ${how}` })),
    Effect.map((said) => withLastWords(said, started))
  )

const startLimit = (config: McpServerConfig) => Duration.millis(startMillis(config))

/** What of a server's tools may be used, as they are now. */
const admitted = (
  name: string,
  config: McpServerConfig,
  connection: Connection,
  { admission }: LifeOptions,
  sight: Sight
) => Effect.flatMap(catalogOf(name, config, connection), (catalog) => admit(name, config, admission, catalog, sight))

const readyIn = (name: string, config: McpServerConfig, started: Started, options: LifeOptions, sight: Sight) => {
  const limit = startLimit(config)
  return started.connect.pipe(
    Effect.flatMap((connection) =>
      Effect.map(admitted(name, config, connection, options, sight), (catalog) => ({
        _tag: "BecameReady" as const,
        connection,
        catalog
      }))
    ),
    Effect.catchTag("ServerDown", ({ answered, problem }) =>
      Effect.flatMap(
        answered === true ? Effect.sync(() => withLastWords(problem, started)) : explain(problem, started),
        (said) => Effect.fail(new ServerDown({ problem: said }))
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
 * One life of a server, the first or a later one: starts it and runs it until it ends or the fiber is interrupted; then
 * everything it started is ended too. Never fails: the server's state says how it went, and leaves `Starting` within the
 * start limit. When this returns, the server has died.
 */
export const live = (server: ToolServer, config: McpServerConfig, options: LifeOptions): Effect.Effect<void> =>
  Effect.gen(function* () {
    const started = yield* start(server, config, options)
    const { side } = settingsOf(server, config, options)
    const sight = makeSight(side === undefined ? "" : Object.keys(capabilitiesOf(side)).sort().join())
    const whole = Effect.gen(function* () {
      const ready = yield* readyIn(server.name, config, started, options, sight)
      yield* tell(server, ready)
      const { connection } = ready
      yield* Effect.forkScoped(keepListed(server, connection, startLimit(config)))
      const list = admitted(server.name, config, connection, options, sight)
      const problem = yield* Effect.raceFirst(connection.closed, relist(server, connection, list, startLimit(config)))
      return yield* new ServerDown({ problem: yield* explain(problem, started) })
    })
    yield* Effect.catchTag(whole, "ServerDown", (down) => {
      const problem = started.loginMissing()
      return problem === undefined ? Effect.fail(down) : tell(server, { _tag: "LoginMissing", problem })
    })
  }).pipe(
    // Told before the scope closes: whoever waits for the server need not wait until it has been ended.
    Effect.catchTag("ServerDown", ({ problem }) => died(server, problem)),
    Effect.scoped,
    // A defect here is a fault of ours; it must not leave `tools` waiting for ever.
    Effect.catchDefect((defect) => tell(server, { _tag: "GaveUp", problem: `internal error: ${String(defect)}` }))
  )
