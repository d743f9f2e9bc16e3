// The engine with one server in a separate process, for `floods.ts`. The argument contains the home and the script. It runs
// two rounds and prints the delays of the event loop during the second one; all modules are loaded during the first one.
import { join } from "node:path"
import { monitorEventLoopDelay } from "node:perf_hooks"
import process, { stdout } from "node:process"
import { McpManager } from "@parley/domain/McpManager"
import { McpServerConfig } from "@parley/domain/McpServerConfig"
import { Effect, Layer, Schema } from "effect"
import { engine } from "../../../packages/harness/src/sessions/home.ts"
import { managerOf } from "./servers.ts"

const Task = Schema.fromJsonString(Schema.Struct({ root: Schema.String, url: Schema.String, server: McpServerConfig }))
const { root, server, url } = Schema.decodeUnknownSync(Task)(process.argv[2])
const encode = Schema.encodeSync(Schema.fromJsonString(Schema.Unknown))
const limits = { firstChunkMillis: 60_000, idleMillis: 60_000, turnMillis: 60_000 }

const measured = Effect.gen(function* () {
  // Results and pins are stored as the command does.
  const manager = yield* managerOf(
    { s: server },
    { logs: { directory: join(root, "logs"), redact: () => (text) => text }, onProgress: () => {} }
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
