import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ResultFiles } from "./internal/ResultFiles.ts"
import { endAbandoned } from "./internal/Leftovers.ts"
import { askAll } from "./internal/ProcessGroup.ts"
import { connectWorkspace } from "./internal/WorkspaceServer.ts"
import { defaultSilence, limitsOf } from "./CallPatience.ts"
import { dialogueOf } from "./ServerDialogue.ts"
import { askAfterMillis, makeHaste } from "./Haste.ts"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import { launcherOf } from "./Launchers.ts"
import { type LifeOptions, live } from "./ServerLife.ts"
import { defaultRestartPolicy } from "./RestartPolicy.ts"
import { builtInDefinitions } from "./ResultTool.ts"
import { superviseAlways } from "./Supervisor.ts"
import { reservedServerName } from "./ToolNames.ts"
import { serverSecrets } from "./ServerSecrets.ts"
import { make as makeServer, tell, type ToolServer } from "./ToolServer.ts"
import type { McpServersOptions } from "./McpServersOptions.ts"

const reservedName = `the name ${reservedServerName} is taken by the built-in tools: give this server another one`

/**
 * The built-in server. Its tools are known without it, so it starts, and the MCP SDK is loaded, when the first of them is
 * called.
 */
export const builtIn = Effect.fnUntraced(function* (
  root: string,
  { clientInfo, withheld }: McpServersOptions,
  results: ResultFiles | undefined
) {
  const server = yield* makeServer(reservedServerName, defaultSilence, undefined, { results })
  const definitions = builtInDefinitions(results !== undefined)
  const wanted = yield* Deferred.make<void>()
  yield* Deferred.await(wanted).pipe(
    Effect.andThen(connectWorkspace(root, clientInfo, results?.directory, withheld)),
    Effect.flatMap((connection) =>
      tell(server, { _tag: "BecameReady", connection, catalog: { tools: definitions, note: undefined } })
    ),
    Effect.catch(({ problem }) => tell(server, { _tag: "GaveUp", problem })),
    Effect.catchDefect((defect) => tell(server, { _tag: "GaveUp", problem: `internal error: ${String(defect)}` })),
    Effect.forkScoped
  )
  return { server, definitions, wake: Deferred.succeed(wanted, undefined) }
})

const firstWord = "4 seconds"
const nextWords = "8 seconds"

/** Tells of a server that is waited for, and sees to it that it is not waited for too long. */
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

/** Starts the servers, all at once and in the background. One fiber holds them all, so that they also end all at once. */
export const startAll = Effect.fnUntraced(function* (options: McpServersOptions, results: ResultFiles | undefined) {
  const haste = makeHaste()
  yield* (options.ending ?? Effect.never).pipe(
    Effect.andThen(haste.begin),
    Effect.andThen(Effect.sleep(askAfterMillis)),
    // Also where something else that has to be closed first takes long.
    Effect.andThen(Effect.sync(askAll)),
    Effect.forkScoped
  )
  const lifeOptions: LifeOptions = {
    client: { clientInfo: options.clientInfo },
    admission: { pins: options.pins, keepUnseen: options.keepUnseen, firstSight: options.firstSight },
    places: {
      workspaceRoot: options.workspaceRoot,
      neutralDirectory: options.neutralDirectory,
      literal: options.literal ?? []
    },
    environment: options.environment,
    grace: Duration.fromInputUnsafe(options.closeGrace ?? "2 seconds"),
    haste,
    onStderr: options.onStderr,
    hearing: options.hearing,
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
        ? tell(server, { _tag: "GaveUp", problem: reservedName })
        : superviseAlways(server, live(server, config, lifeOptions)),
    { concurrency: "unbounded", discard: true }
  ).pipe(Effect.forkScoped)
  yield* Effect.forEach(servers, ({ config, server }) => Effect.forkScoped(waiting(server, config, options)))
  // In the background. It has begun in any case: otherwise commands that are soon done would never see to it.
  yield* Effect.forkScoped(endAbandoned, { startImmediately: true })
  // Runs before the servers are ended: who waits for one that is being started again need not wait for that.
  yield* Effect.addFinalizer(() => Effect.forEach(servers, ({ server }) => tell(server, { _tag: "Stopped" })))
  return servers.map(({ server }) => server)
})
