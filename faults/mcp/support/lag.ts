// The engine with one server, in a process where nothing else runs, on behalf of `floods.ts`. Its argument says where and with
// what. It does two rounds, and prints how far the loop of the process was behind during the second: in the first everything
// is loaded that there is to load.
import { join } from "node:path"
import { monitorEventLoopDelay } from "node:perf_hooks"
import process, { stdout } from "node:process"
import { McpManager } from "@parley/domain/McpManager"
import { McpServerConfig } from "@parley/domain/McpServerConfig"
import { Effect, Layer, Schema } from "effect"
import { engine } from "../../support/home.ts"
import { managerOf } from "./servers.ts"

const Task = Schema.fromJsonString(Schema.Struct({ root: Schema.String, url: Schema.String, server: McpServerConfig }))
const { root, server, url } = Schema.decodeUnknownSync(Task)(process.argv[2])
const encode = Schema.encodeSync(Schema.fromJsonString(Schema.Unknown))
const limits = { firstChunkMillis: 60_000, idleMillis: 60_000, turnMillis: 60_000 }

const measured = Effect.gen(function* () {
  // Both are written down as the command does it.
  const manager = yield* managerOf(
    { s: server },
    { logs: { directory: join(root, "logs"), conceal: () => (text) => text }, onProgress: () => {} }
  )
  const here = { root, data: join(root, "data"), scratch: join(root, "scratch") }
  const { coordinator, sessions } = yield* engine(here, { url, limits, tools: Layer.succeed(McpManager, manager) })
  const { id: sessionId } = yield* sessions.create({})
  yield* coordinator.handleMessage({ sessionId, request: "Begin." })
  const lag = monitorEventLoopDelay({ resolution: 1 })
  lag.enable()
  const round = yield* coordinator.handleMessage({ sessionId, request: "Go on." })
  lag.disable()
  const outcomes = round.turns.flatMap(({ toolCalls }) => toolCalls.map(({ outcome }) => outcome?._tag))
  return { sessionId, outcomes, count: lag.count, p99: lag.percentile(99) / 1e6 }
})

stdout.write(encode(await Effect.runPromise(Effect.scoped(measured))))
