import { readdirSync, readFileSync, readlinkSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { SessionId } from "@parley/domain/Ids"
import { PromptManager } from "@parley/domain/PromptManager"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import * as McpServers from "@parley/mcp/McpServers"
import * as Anthropic from "@parley/provider/Anthropic"
import * as Registry from "@parley/provider/Registry"
import { defaults, Limits } from "@parley/session/Limits"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import * as SqliteSessions from "@parley/store/SqliteSessions"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

/**
 * A process that handles messages in every way that one can end, and prints after each what it has then: one line of JSON
 * for each, with how it ended. It leaves by itself when nothing keeps it, and never otherwise.
 */
const [url = "", rawServer = "", directory = ""] = process.argv.slice(2)

/** Fibers that have begun and not ended, wherever they were forked from. */
let fibers = 0
const counter: Metric.FiberRuntimeMetricsService = {
  recordFiberStart: () => void fibers++,
  recordFiberEnd: () => void fibers--
}

/** Processes whose parent is this one. */
const children = () =>
  readdirSync("/proc").filter((entry) => {
    if (!/^\d+$/.test(entry)) return false
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, "utf8")
      return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === process.pid
    } catch {
      // It has ended since it was listed.
      return false
    }
  }).length

/** What keeps the event loop alive: timers, sockets, pipes, handles of children, requests under way. */
const resources = () => process.getActiveResourcesInfo().sort().join(" ")

const opened = () =>
  readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      // The directory that was being listed.
      return ""
    }
  })

/** Open files, pipes and local sockets, by what they are; and connections. */
const files = () => {
  const tcp = new Set(
    readFileSync("/proc/self/net/tcp", "utf8")
      .split("\n")
      .map((line) => line.trim().split(/\s+/)[9])
  )
  const all = opened().filter((name) => name !== "")
  const isConnection = (name: string) => tcp.has(/^socket:\[(\d+)\]$/.exec(name)?.[1] ?? "none")
  const names = all.filter((name) => !isConnection(name)).map((name) => name.replace(/:\[\d+\]$/, ""))
  return { files: names.sort().join(" "), connections: all.filter(isConnection).length }
}

const count = () => ({ fibers, children: children(), resources: resources(), ...files() })
type Count = ReturnType<typeof count>
const same = ({ connections: _, ...a }: Count, { connections, ...b }: Count) =>
  connections <= 1 && JSON.stringify(a) === JSON.stringify(b)

/** The kernel takes a moment to close what was given back to it; the count is taken again until it fits, or for a second. */
const settled = (before: Count) =>
  Effect.gen(function* () {
    let after = count()
    for (let tries = 0; tries < 20 && !same(before, after); tries++) {
      // A timer is there until its callback is over.
      yield* Effect.andThen(Effect.sleep("50 millis"), Effect.yieldNow)
      after = count()
    }
    return after
  })

const sessionId = SessionId.make("strays")
const encode = Schema.encodeSync(Schema.fromJsonString(Schema.Unknown))
const print = (line: object) => Effect.sync(() => void process.stdout.write(`${encode(line)}\n`))

const program = Effect.gen(function* () {
  const coordinator = yield* SessionCoordinator
  yield* Effect.flatMap(SessionManager, (sessions) => sessions.create({ id: sessionId }))
  const send = coordinator.handleMessage({ sessionId, request: "go" })
  const { head } = yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(sessionId))
  let after = head
  const until = (tag: SessionEvent["_tag"]) =>
    coordinator.events(sessionId, { after }).pipe(
      Stream.takeUntil(({ event }) => event._tag === tag),
      Stream.runDrain
    )
  const stopped = (at: SessionEvent["_tag"], how: "interrupt" | "cancel") =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(send, { startImmediately: true })
      yield* until(at)
      yield* how === "cancel" ? coordinator.cancel(sessionId) : Fiber.interrupt(fiber)
      return yield* Fiber.await(fiber)
    })
  const ways = {
    "warm up": Effect.exit(send),
    success: Effect.exit(send),
    failure: Effect.exit(send),
    "interrupted in the stream": stopped("TurnDelta", "interrupt"),
    "cancelled in the stream": stopped("TurnDelta", "cancel"),
    "interrupted in a tool": stopped("ToolStarted", "interrupt"),
    "cancelled before a retry": stopped("RetryScheduled", "cancel"),
    "success again": Effect.exit(send)
  }
  for (const [way, work] of Object.entries(ways)) {
    const before = count()
    const exit = yield* work
    const left = yield* settled(before)
    after = (yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(sessionId))).head
    const round = Exit.isSuccess(exit) ? exit.value.status : Exit.hasInterrupts(exit) ? "interrupted" : "failed"
    yield* print({ way, round, before, after: left })
  }
})

const engine = SessionCoordinator.layer.pipe(
  Layer.provideMerge([
    SqliteSessions.layer({ filename: join(directory, "parley.db") }),
    Registry.layer({
      providers: [Anthropic.make({ apiKey: Redacted.make("test-key"), baseUrl: url, defaultModel: "fake" })]
    }),
    McpServers.layer({
      servers: { raw: { command: process.execPath, args: [rawServer] } },
      clientInfo: { name: "strays", version: "1" }
    }),
    PromptManager.layerMemory()
  ]),
  Layer.provide(Layer.succeed(Limits, { ...defaults, retries: 1 }))
)

const whole = Effect.gen(function* () {
  const before = count()
  yield* Effect.provide(program, engine)
  yield* print({ way: "the engine", round: "closed", before, after: yield* settled(before) })
}).pipe(
  Effect.provideService(Metric.FiberRuntimeMetrics, counter),
  // The lines on standard output are JSON.
  Effect.provide(Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)]))
)

await Effect.runPromise(whole)
