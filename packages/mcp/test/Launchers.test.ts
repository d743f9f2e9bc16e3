import { chmodSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import { launcherOf, type SlowStart, startMillis, tooLate } from "../src/transport/Launchers.ts"
import { directory, eventually, rawServer, withManager } from "./support.ts"
import { promptly } from "@parley/harness/promptly"

const words = (line: string): McpServerConfig => {
  const [command = "", ...args] = line.split(" ")
  return { command, args }
}

const launched: ReadonlyArray<readonly [string, string]> = [
  ["npx -y @scope/server", "npx"],
  ["/usr/local/bin/npx server", "npx"],
  ["C:\\nodejs\\npx.cmd server", "npx"],
  ["C:/nodejs/NPX.CMD server", "npx"],
  ["bunx server", "bunx"],
  ["bun x server", "bun x"],
  ["pnpm dlx server", "pnpm dlx"],
  ["pnpm --silent dlx server", "pnpm dlx"],
  ["pnpm.cmd dlx server", "pnpm dlx"],
  ["yarn dlx server", "yarn dlx"],
  ["npm exec -- server", "npm exec"],
  ["npm --prefix /srv exec server", "npm exec"],
  ["uvx mcp-server-git", "uvx"],
  ["/root/.local/bin/uvx.exe server", "uvx"],
  ["uv tool run server", "uv tool run"],
  ["uv --directory /srv run server.py", "uv run"],
  ["pipx run server", "pipx run"],
  ["docker run -i --rm mcp/fetch", "docker run"],
  ["docker --context desktop run -i image", "docker run"],
  ["/usr/bin/docker container run image", "docker container run"],
  ["podman run image", "podman run"],
  ["env A=1 B=2 npx server", "npx"],
  ["/usr/bin/env -S npx server", "npx"],
  ["cmd /c npx server", "npx"],
  ["cmd.exe /d /c npx.cmd server", "npx"]
]

const others = [
  "node npx.js",
  "node server.js npx",
  "pnpm start",
  "pnpm run dlx",
  "npm start",
  "uv pip install",
  "uv tool list",
  "docker exec -i container server",
  "docker start run",
  "/opt/npx/server",
  "npx-like server",
  "my-uvx",
  "env A=1 node server.js",
  "cmd /c node server.js"
]

describe("a program that may download what it runs", () => {
  for (const [line, launcher] of launched)
    it(`is known: ${line}`, () => {
      assert.strictEqual(launcherOf(words(line)), launcher)
      assert.strictEqual(startMillis(words(line)), 60_000)
      assert.strictEqual(startMillis({ ...words(line), startTimeoutMillis: 5 }), 5)
    })
  for (const line of others)
    it(`is not: ${line}`, () => {
      assert.strictEqual(launcherOf(words(line)), undefined)
      assert.strictEqual(startMillis(words(line)), 10_000)
    })

  it("is recognized in a shell command, and a URL is not a launcher", () => {
    assert.strictEqual(launcherOf({ command: "sh", args: ["-c", "exec npx -y server"] }), "npx")
    assert.strictEqual(launcherOf({ command: "/bin/bash", args: ["-lc", "uv tool run server"] }), "uv tool run")
    assert.strictEqual(launcherOf({ command: "sh", args: ["npx"] }), undefined)
    assert.strictEqual(launcherOf({ command: "npx" }), "npx")
    assert.strictEqual(launcherOf({ url: "https://npx/npx" }), undefined)
  })

  it("the timeout message states how to allow more time", () => {
    assert.match(tooLate(words("node a.js")), /within 10 s; .* startTimeoutMillis to more, such as 60000$/)
    assert.match(tooLate(words("npx a")), /within 60 s; .* such as 120000$/)
  })
})

/** A program with the given name that is ready after the given number of seconds. */
const slow = Effect.fnUntraced(function* (name: string, seconds: number) {
  const path = join(yield* directory, name)
  const { args = [], command } = rawServer()
  writeFileSync(path, `#!/bin/sh\nsleep ${seconds}\nexec "${command}" "${args.join('" "')}"\n`)
  chmodSync(path, 0o755)
  return { command: path }
})

describe.skipIf(process.platform === "win32")("a server that is slow because of that", () => {
  it.live("does not delay listings beyond the limit, and has its tools when it is ready", () =>
    Effect.gen(function* () {
      const servers = { good: rawServer(), slow: yield* slow("npx", 4) }
      yield* withManager({ servers, patience: "1500 millis" }, (manager) =>
        Effect.gen(function* () {
          const before = yield* Clock.currentTimeMillis
          const tools = yield* manager.tools
          promptly((yield* Clock.currentTimeMillis) - before, 3500)
          assert.deepStrictEqual([...new Set(tools.map(({ server }) => server))], ["good"])
          assert.deepInclude(yield* manager.servers, {
            name: "slow",
            state: "starting",
            tools: 0,
            problem: "it is still starting"
          })
          yield* eventually(manager.tools, (all) => all.some(({ server }) => server === "slow"))
        })
      )
    })
  )

  it.live("is waited for if startTimeoutMillis is configured, and the delay is reported", () =>
    Effect.gen(function* () {
      const told: Array<SlowStart> = []
      const [npx, other] = [yield* slow("npx", 5), yield* slow("other", 5)]
      const servers = { npx: { ...npx, startTimeoutMillis: 30_000 }, other, quick: rawServer() }
      yield* withManager({ servers, patience: "1 second", onSlowStart: (start) => void told.push(start) }, (manager) =>
        Effect.map(manager.servers, (all) => {
          assert.deepStrictEqual(
            all.map(({ name, state }) => [name, state]),
            [
              ["npx", "ready"],
              ["other", "ready"],
              ["quick", "ready"]
            ]
          )
        })
      )
      assert.deepStrictEqual(
        told.map(({ launcher, server }) => [server, launcher]),
        [
          ["npx", "npx"],
          ["other", undefined]
        ]
      )
      for (const { seconds } of told) assert.isTrue(seconds >= 4 && seconds < 12)
    })
  )
})
