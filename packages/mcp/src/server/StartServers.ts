import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import type { ResultFiles } from "../results/ResultFiles.ts"
import { endAbandoned } from "../transport/Leftovers.ts"
import { askAll } from "../transport/ProcessGroup.ts"
import { builtInDefinitions, connectWorkspace } from "../builtin/WorkspaceServer.ts"
import { defaultSilence, limitsOf } from "../requests/CallPatience.ts"
import { askAfterMillis, makeEndingDeadline } from "../transport/EndingDeadline.ts"
import { type McpServerConfig, ServerName } from "@parley/domain/McpServerConfig"
import { launcherOf } from "../transport/Launchers.ts"
import { type LifeOptions, live } from "./ServerLife.ts"
import { defaultRestartPolicy } from "./RestartPolicy.ts"
import { superviseAlways } from "./Supervisor.ts"
import { reservedServerName } from "../tools/ToolNames.ts"
import { serverSecrets, type ServerSecrets } from "../text/ServerSecrets.ts"
import { make as makeServer, dispatch, type ToolServer } from "./ToolServer.ts"
import type { McpServersOptions } from "./McpServersOptions.ts"
import { ServerRequests } from "@parley/domain/ServerRequests"
import { makeDialogue } from "../requests/Dialogue.ts"
import { logFile } from "../requests/LogFile.ts"
import { makeServerLog, noLog } from "../requests/ServerLog.ts"

const isName = Schema.is(ServerName)

/** The requests that a configured server may send to Parley, and the log for its messages. */
const dialogueOf = Effect.fnUntraced(function* (
  name: string,
  config: McpServerConfig,
  logs: McpServersOptions["logs"],
  secrets: ServerSecrets
) {
  const requests = yield* ServerRequests
  const clock = yield* Clock.Clock
  const now = () => clock.currentTimeMillisUnsafe()
  // A name that is not a valid server name must not become a file name.
  if (logs === undefined || !isName(name))
    return yield* makeDialogue(name, config.sampling ?? "deny", requests, noLog, secrets)
  const { directory } = logs
  const write = yield* logFile(typeof directory === "string" ? directory : directory(name), name)
  const log = makeServerLog({
    write: (line) => write(`${DateTime.formatIso(DateTime.makeUnsafe(now()))} ${line}`),
    redact: logs.redact(config),
    now
  })
  return yield* makeDialogue(name, config.sampling ?? "deny", requests, log, secrets)
})

const reservedName = `the name ${reservedServerName} is taken by the built-in tools: give this server another one`

/** The built-in server. It is part of this process, so it is ready immediately, and until the scope closes. */
export const builtIn = Effect.fnUntraced(function* (
  root: string,
  { ignore, withheld }: Pick<McpServersOptions, "ignore" | "withheld">,
  results: ResultFiles | undefined
) {
  const server = yield* makeServer(reservedServerName, defaultSilence, undefined, { results })
  const definitions = builtInDefinitions(results !== undefined)
  const connection = connectWorkspace(root, results?.directory, withheld, ignore)
  yield* dispatch(server, { _tag: "BecameReady", connection, listing: { tools: definitions, note: undefined } })
  yield* Effect.addFinalizer(() => dispatch(server, { _tag: "Stopped" }))
  return { server, definitions }
})

const firstWord = "4 seconds"
const nextWords = "8 seconds"

/** Reports a server that listings wait for, and ends the waiting when `patience` is over. */
const waiting = (server: ToolServer, config: McpServerConfig, { onSlowStart, patience }: McpServersOptions) => {
  const launcher = launcherOf(config)
  const limited = patience !== undefined && launcher !== undefined && config.startTimeoutMillis === undefined
  const words = Effect.gen(function* () {
    const before = yield* Clock.currentTimeMillis
    yield* Effect.sleep(firstWord)
    while (true) {
      const seconds = Math.round(((yield* Clock.currentTimeMillis) - before) / 1000)
      onSlowStart?.({ server: server.name, seconds, launcher })
      yield* Effect.sleep(nextWords)
    }
  })
  return Effect.raceFirst(
    Deferred.await(server.settled),
    Effect.raceFirst(limited ? Effect.sleep(patience) : Effect.never, words)
  ).pipe(Effect.andThen(Deferred.succeed(server.settled, undefined)))
}

/** Starts the servers concurrently in the background. One fiber owns them all, so that they also end concurrently. */
export const startAll = Effect.fnUntraced(function* (options: McpServersOptions, results: ResultFiles | undefined) {
  const deadline = makeEndingDeadline()
  yield* (options.ending ?? Effect.never).pipe(
    Effect.andThen(deadline.begin),
    Effect.andThen(Effect.sleep(askAfterMillis)),
    // This happens even if closing something else, which comes first, takes long.
    Effect.andThen(Effect.sync(askAll)),
    Effect.forkScoped
  )
  const lifeOptions: LifeOptions = {
    client: { clientInfo: options.clientInfo },
    admission: {
      pins: options.pins,
      keepUnseen: options.keepUnseen,
      firstOfferWindow: options.firstOfferWindow,
      howToAccept: options.howToAccept
    },
    places: {
      workspaceRoot: options.workspaceRoot,
      neutralDirectory: options.neutralDirectory,
      literal: options.literal ?? []
    },
    environment: options.environment,
    grace: Duration.fromInputUnsafe(options.closeGrace ?? "2 seconds"),
    deadline,
    onStderr: options.onStderr,
    pingTimeout: options.pingTimeout,
    auth: options.auth
  }
  const policy = { ...defaultRestartPolicy, ...options.restarts }
  const servers = yield* Effect.forEach(
    Object.entries(options.servers).filter(([, config]) => config.disabled !== true),
    ([name, config]) =>
      Effect.gen(function* () {
        const { silence, total } = limitsOf(config)
        const secrets = serverSecrets(config)
        const dialogue = yield* dialogueOf(name, config, options.logs, secrets)
        const server = yield* makeServer(name, silence, policy, {
          dialogue,
          longest: total,
          onProgress: options.onProgress,
          results,
          secrets
        })
        return { server, config }
      })
  )
  yield* Effect.forEach(
    servers,
    ({ config, server }) =>
      server.name === reservedServerName
        ? dispatch(server, { _tag: "GaveUp", problem: reservedName })
        : superviseAlways(server, live(server, config, lifeOptions)),
    { concurrency: "unbounded", discard: true }
  ).pipe(Effect.forkScoped)
  yield* Effect.forEach(servers, ({ config, server }) => Effect.forkScoped(waiting(server, config, options)))
  // Runs in the background, but starts immediately, because otherwise short commands would exit before it begins.
  yield* Effect.forkScoped(endAbandoned, { startImmediately: true })
  // Runs before the servers are ended, so that callers waiting for a restarting server stop waiting immediately.
  yield* Effect.addFinalizer(() => Effect.forEach(servers, ({ server }) => dispatch(server, { _tag: "Stopped" })))
  return servers.map(({ server }) => server)
})
