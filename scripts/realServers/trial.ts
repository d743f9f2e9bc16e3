import { execFile } from "node:child_process"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { promisify } from "node:util"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type { StdioServer } from "../../packages/domain/src/McpServerConfig.ts"
import { McpManager, type ToolInput } from "../../packages/domain/src/McpManager.ts"
import * as McpServers from "../../packages/mcp/src/server/McpServers.ts"
import { running } from "./processes.ts"
import type { RealServer } from "./servers.ts"

export interface Outcome {
  readonly name: string
  /** How many tools the official SDK's client lists; how many of these are offered, or omitted with a reason. */
  readonly listed: number
  readonly offered: number
  readonly leftOut: number
  readonly readyMillis: number
  readonly call: string
  readonly cancelled: string
  readonly cancelMillis: number
  readonly endMillis: number
  readonly problems: ReadonlyArray<string>
}

const lister = join(import.meta.dirname, "../../packages/mcp/test/fixtures/sdk-list.mjs")
const markName = "PARLEY_REAL_SERVERS_MARK"
const linux = process.platform === "linux"

/** Replaces `DIRECTORY` in all strings of a value. */
const placed = (value: unknown, directory: string): ToolInput =>
  JSON.parse(JSON.stringify(value).replaceAll("DIRECTORY", JSON.stringify(directory).slice(1, -1)))

const environment = (home: string) => ({ PATH: process.env["PATH"] ?? "", HOME: home })

const withSdk = async (config: StdioServer, home: string): Promise<ReadonlyArray<string>> => {
  const { stdout } = await promisify(execFile)(process.execPath, [lister, config.command, ...(config.args ?? [])], {
    env: { ...environment(home), ...config.env },
    timeout: 90_000,
    maxBuffer: 64 * 1024 * 1024
  })
  const names: unknown = JSON.parse(stdout)
  return Array.isArray(names) ? names.map(String).toSorted() : []
}

/** Kills the processes that a server left, so that they do not affect the next trial. */
const killed = (mark: string): void => {
  for (const { pid } of running(mark))
    try {
      process.kill(pid, "SIGKILL")
    } catch {
      // It has ended by itself.
    }
}

const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const started = performance.now()
    return Effect.map(effect, (value) => [Math.round(performance.now() - started), value] as const)
  })

/** With the production code: starts a server, lists, calls, cancels, calls again, ends it, and checks for left processes. */
export const trial = async (server: RealServer, installed: string, work: string): Promise<Outcome> => {
  const name = `${server.package}@${server.version}`
  const directory = join(work, server.package.replace(/\W/g, "-"))
  const home = join(directory, "home")
  mkdirSync(home, { recursive: true })
  const mark = `${markName}=${process.pid}-${server.package}-`
  const config = (who: string): StdioServer => ({
    command: process.execPath,
    args: [
      join(installed, "node_modules", server.package, server.program),
      ...(server.args ?? []).map((arg) => arg.replaceAll("DIRECTORY", directory))
    ],
    env: {
      ...Object.fromEntries(
        Object.entries(server.env ?? {}).map(([key, value]) => [key, value.replaceAll("DIRECTORY", directory)])
      ),
      [markName]: `${process.pid}-${server.package}-${who}`
    },
    startTimeoutMillis: 60_000,
    timeoutMillis: 60_000
  })
  const problems: Array<string> = []
  const expected = await withSdk(config("sdk"), home)
  if (linux) killed(`${mark}sdk`)

  const groups = new Set<number>()
  const look = Effect.sync(() => {
    // Servers have their own process groups. A process in our group belongs to this script.
    if (!linux) return
    for (const { group } of running(`${mark}parley`)) groups.add(group)
  })
  const program = Effect.gen(function* () {
    const scope = yield* Scope.make()
    const layer = McpServers.layer({
      servers: { real: config("parley") },
      clientInfo: { name: "parley-tried", version: "1" },
      environment: environment(home),
      neutralDirectory: join(directory, "neutral")
    })
    const manager = Context.get(yield* Layer.build(layer).pipe(Scope.provide(scope)), McpManager)
    const [readyMillis, tools] = yield* timed(manager.tools)
    const [status] = yield* manager.servers
    if (status?.state !== "ready") problems.push(`not ready: ${status?.problem}`)
    const leftOut = status?.leftOut ?? []
    const seen = [...tools.map(({ tool }) => tool), ...leftOut.map(({ tool }) => tool)].toSorted()
    if (JSON.stringify(seen) !== JSON.stringify(expected)) problems.push(`other tools: ${seen.join(" ")}`)

    const call = ([tool, input]: RealServer["call"], key: string) =>
      manager
        .call(tools.find((known) => known.tool === tool)?.name ?? tool, placed(input, directory), {
          idempotencyKey: `real/${key}`
        })
        .pipe(
          Effect.match({
            onFailure: ({ problem, reason }) => ({ kind: reason, text: problem }),
            onSuccess: ({ content, isError }) => ({
              kind: isError ? "error" : "ok",
              text: content.map((part) => (part._tag === "Text" ? part.text : `<${part._tag}>`)).join("\n")
            })
          })
        )
    const answered = yield* call(server.call, "1")
    yield* look
    if (answered.kind === "Lost" || answered.kind === "NotSent" || answered.text.trim() === "")
      problems.push(`${server.call[0]}: ${answered.kind}: ${answered.text.slice(0, 200)}`)
    else if (server.says !== undefined && !(answered.kind === "ok" && server.says.test(answered.text)))
      problems.push(`${server.call[0]} answers ${answered.text.slice(0, 200)}`)

    const slow = server.slow ?? server.call
    const fiber = yield* Effect.forkChild(call(slow, "2"), { startImmediately: true })
    yield* Effect.sleep(server.slow === undefined ? 5 : 1500)
    yield* look
    const early = fiber.pollUnsafe() !== undefined
    if (early && server.slow !== undefined) problems.push(`${slow[0]} had ended before it was cancelled`)
    const [cancelMillis] = yield* fiber.pipe(Fiber.interrupt, timed)
    if (cancelMillis > 2000) problems.push(`the cancel took ${cancelMillis} ms`)
    const again = yield* call(server.call, "3")
    if (again.kind !== answered.kind) problems.push(`after the cancel: ${again.kind}: ${again.text.slice(0, 200)}`)
    yield* look
    const [endMillis] = yield* timed(Scope.close(scope, Exit.void))
    return {
      offered: tools.length,
      leftOut: leftOut.length,
      readyMillis,
      call: `${server.call[0]}: ${server.says === undefined && answered.kind === "error" ? "error, well-formed" : answered.kind}`,
      cancelled: server.slow === undefined ? (early ? "had ended" : "just sent") : `${slow[0]}, in the middle`,
      cancelMillis,
      endMillis
    }
  })
  const result = await Effect.runPromise(program)
  if (linux) {
    // Signalled processes may take a moment to end.
    let left = running(`${mark}parley`, groups)
    for (let tries = 0; left.length > 0 && tries < 20; tries++) {
      await new Promise((done) => {
        // @effect-diagnostics-next-line globalTimers:off -- nothing here is an effect
        setTimeout(done, 100)
      })
      left = running(`${mark}parley`, groups)
    }
    if (groups.size === 0) problems.push("no process of it was ever seen")
    if (left.length > 0) problems.push(`left: ${left.map(({ command }) => command).join("; ")}`)
    killed(`${mark}parley`)
  }
  return { name, listed: expected.length, ...result, problems }
}
