import * as fs from "node:fs"
import { join } from "node:path"
import { performance } from "node:perf_hooks"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { McpManager } from "@parley/domain/McpManager"
import type { CallProgress } from "../src/server/CallProgress.ts"
import { logRate, makeServerLog } from "../src/requests/ServerLog.ts"
import { makeGate } from "../src/transport/NotificationGate.ts"
import { logFileLimits } from "../src/requests/LogFile.ts"
import { askingServer, logging, withServer } from "./asking.ts"
import { directory, eventually, manager, rawServer, readLog } from "./support.ts"
import { promptly } from "@parley/harness/promptly"

describe("progress", () => {
  it.live("extends the timeout of a call, up to a separate limit", () =>
    Effect.gen(function* () {
      const config = { ...askingServer, timeoutMillis: 400, maxTimeoutMillis: 1500 }
      yield* withServer(config, {}, (call) =>
        Effect.gen(function* () {
          assert.strictEqual(yield* call("progress", { every: 150, times: 6 }), '"done"')
          assert.include(yield* call("progress", { every: 150, times: 60 }), "Lost: no answer within 1.5 s")
          assert.include(yield* call("slow", { millis: 5000 }), "Lost: no answer within 0.4 s")
        })
      )
    })
  )

  it.live("is passed on at a limited rate, in a displayable form", () => {
    const seen: Array<CallProgress> = []
    const onProgress = (progress: CallProgress) => void seen.push(progress)
    return withServer(
      askingServer,
      {},
      (call) =>
        Effect.gen(function* () {
          yield* call("progress", { every: 5, times: 100 })
          assert.isAtLeast(seen.length, 2)
          assert.isAtMost(seen.length, 12)
          assert.deepInclude(seen[0], { server: "s", tool: "s__progress", total: 100, message: "[31mred" })
        }),
      { onProgress }
    )
  })

  for (const kind of ["progress", "message"])
    it.live(`a flood of it does not delay other servers: ${kind}`, () =>
      Effect.gen(function* () {
        const logs = { directory: yield* directory, redact: () => (text: string) => text }
        yield* withServer(
          askingServer,
          {},
          (call) =>
            Effect.gen(function* () {
              yield* call("slow", { millis: 0 })
              const lags: Array<number> = []
              let last = performance.now()
              const beat = Effect.andThen(
                Effect.sleep(5),
                Effect.sync(() => {
                  lags.push(performance.now() - last - 5)
                  last = performance.now()
                })
              )
              yield* Effect.raceFirst(call("flood", { kind, count: 150_000 }), Effect.repeat(beat, Schedule.forever))
              const sorted = lags.toSorted((a, b) => a - b)
              assert.isAbove(sorted.length, 20)
              // The median: the largest lags come from a busy machine, with or without a flood.
              assert.isBelow(sorted[Math.floor(sorted.length / 2)] ?? 999, 50)
            }),
          { logs, onProgress: () => {} }
        )
      })
    )
})

it("unsolicited notifications are limited in rate, and all other messages pass", () => {
  const clock = { now: 0 }
  const passes = makeGate(() => clock.now)
  const passed = (message: object) => Array.from({ length: 1000 }, () => passes(message)).filter((yes) => yes).length
  const progress = (progressToken: number) => ({ method: "notifications/progress", params: { progressToken } })
  assert.strictEqual(passed(progress(1)), 1)
  assert.strictEqual(passed(progress(2)), 1)
  assert.strictEqual(passed({ method: "notifications/message", params: {} }), 400)
  clock.now = 1000
  assert.strictEqual(passed(progress(1)), 1)
  assert.strictEqual(passed({ method: "notifications/message", params: {} }), 400)
  for (const other of [
    { id: 1, result: {} },
    { id: 1, method: "ping" },
    { method: "notifications/tools/list_changed" }
  ])
    assert.strictEqual(passed(other), 1000)
})

describe("the log of a server", () => {
  it.live("contains its log messages and its standard error, readable by the owner only, without secrets", () =>
    Effect.gen(function* () {
      const here = yield* directory
      const redact = () => (text: string) => text.replaceAll("sesame", "…")
      yield* withServer(
        { ...askingServer, env: { KEY: "sesame" } },
        {},
        (call) => call("logs", { data: { token: "open sesame \u001b[2J", deep: [1] } }),
        { logs: { directory: join(here, "logs"), redact } }
      )
      const path = join(here, "logs", "s.log")
      const text = fs.readFileSync(path, "utf8")
      assert.match(text, /^\d{4}-\d\d-\d\dT[\d:.]+Z error: it: \{"token":"open … /)
      assert.strictEqual(fs.statSync(path).mode & 0o777, 0o600)
      assert.strictEqual(fs.statSync(join(here, "logs")).mode & 0o777, 0o700)
    })
  )

  it.live("includes standard error, and is rotated: one older file is kept", () =>
    Effect.gen(function* () {
      const here = yield* directory
      const path = join(here, "s.log")
      fs.writeFileSync(path, "x".repeat(logFileLimits.bytes), { mode: 0o644 })
      yield* withServer(
        { ...rawServer("--flood") },
        {},
        () =>
          eventually(
            Effect.sync(() => fs.existsSync(`${path}.1`) && fs.existsSync(path)),
            (there) => there
          ),
        { logs: { directory: here, redact: () => (text) => text } }
      )
      const text = fs.readFileSync(path, "utf8")
      assert.include(text, "stderr: ")
      assert.notInclude(text, "\u001b")
      assert.isAtMost(text.length, logFileLimits.bytes)
      assert.deepStrictEqual(fs.readdirSync(here).toSorted(), ["s.log", "s.log.1"])
    })
  )

  it("is limited per second, and states how much it left out", () => {
    const lines: Array<string> = []
    const clock = { now: 0 }
    const log = makeServerLog({ write: (line) => lines.push(line), redact: (text) => text, now: () => clock.now })
    for (let i = 0; i < 1000; i++) log.message({ level: "info", data: `line ${i}` })
    assert.strictEqual(lines.length, logRate.lines)
    clock.now = 1000
    log.message({ level: "info", data: "again" })
    assert.deepStrictEqual(lines.slice(-2), ["parley: 800 pieces left out, too much came at once", "info: again"])
  })

  it("contains nothing of an endless line of standard error", () => {
    const lines: Array<string> = []
    const clock = { now: 0 }
    const log = makeServerLog({ write: (line) => lines.push(line), redact: (text) => text, now: () => clock.now })
    const piece = "x".repeat(120_000)
    const begun = performance.now()
    for (let i = 0; i < 500; i++) {
      clock.now = i * 1000
      log.stderr(piece)
    }
    // If the buffered text were searched again with every chunk, that would be fifteen gigabytes.
    promptly(performance.now() - begun, 1500)
    log.stderr("x\nnext\n")
    assert.deepStrictEqual(lines.slice(1), ["stderr: next"])
  })

  it("redacts a secret wherever a line of standard error is split", () => {
    const lines: Array<string> = []
    const redact = (text: string) => text.replaceAll("sesame", "…")
    const log = makeServerLog({ write: (line) => lines.push(line), redact, now: () => 0 })
    log.stderr("open ses")
    log.stderr("ame\nnext ses\u0000ame\n")
    log.stderr(`${"x".repeat(1996)}sesame\n`)
    assert.deepStrictEqual(lines.slice(0, 2), ["stderr: open …", "stderr: next ses ame"])
    assert.notInclude(lines[2] ?? "", "ses")
  })
})

describe("a manual restart", () => {
  it.live("ends and starts a server, also one that has finally failed, and resets its record", () =>
    Effect.gen(function* () {
      const here = yield* directory
      const log = join(here, "log")
      yield* Effect.gen(function* () {
        const { restart, servers } = yield* McpManager
        assert.isDefined(restart)
        const renew = (name: string) => restart?.(name) ?? Effect.undefined
        yield* servers
        assert.deepInclude(yield* renew("good"), { name: "good", state: "ready", tools: 8 })
        const starts = (yield* readLog(log)).filter((entry) => "pid" in entry)
        assert.strictEqual(starts.length, 2)
        const failed = (yield* servers).find(({ name }) => name === "bad")
        assert.strictEqual(failed?.state, "failed")
        fs.writeFileSync(join(here, "ok"), "")
        const healed = yield* renew("bad")
        assert.strictEqual(healed?.state, "failed")
        assert.isUndefined(healed?.restarts)
        assert.isUndefined(yield* renew("nobody"))
        assert.isUndefined(yield* renew("workspace"))
      }).pipe(
        Effect.provide(
          manager({
            servers: { good: logging(log), bad: { command: "parley-no-such-command" } },
            restarts: { maxDeaths: 1 },
            workspaceRoot: here
          }),
          { local: true }
        )
      )
    })
  )
})
