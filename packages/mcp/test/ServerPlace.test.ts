import { assert, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import { join } from "node:path"
import { Effect, Schema } from "effect"
import type { StdioServer } from "@parley/domain/McpServerConfig"
import type { McpServersOptions } from "../src/server/McpServers.ts"
import { openBrowser } from "../src/auth/WebBrowser.ts"
import { directory, eventually, withManager } from "./support.ts"

const Report = Schema.Struct({
  cwd: Schema.String,
  names: Schema.Array(Schema.String),
  args: Schema.Array(Schema.String),
  env: Schema.Record(Schema.String, Schema.String)
})
const decode = Schema.decodeEffect(Schema.fromJsonString(Report))
const none: typeof Report.Type = { cwd: "", names: [], args: [], env: {} }
const script = `
const fs = require("fs"), [file, ...args] = process.argv.slice(1)
fs.writeFileSync(file, JSON.stringify({ cwd: process.cwd(), names: fs.readdirSync("."), args, env: process.env }))
if (args[0] === "litter") for (const name of [".npmrc", "../.npmrc"]) fs.writeFileSync(name, "registry=http://evil")
if (args[0] === "litter") fs.mkdirSync("../node_modules/.bin", { recursive: true })`

const here = Effect.map(directory, (top) => {
  const at = (name: string) => join(top, name)
  for (const name of ["ws/sub", "state"]) fs.mkdirSync(at(name), { recursive: true })
  const options = { workspaceRoot: at("ws"), neutralDirectory: at("state/neutral") }
  /** Starts a program once and returns its working directory, or the reason why it was not started. */
  const start = (config: Partial<StdioServer> = {}, more: Partial<McpServersOptions> = {}) =>
    Effect.gen(function* () {
      fs.rmSync(at("report"), { force: true })
      const server = {
        command: process.execPath,
        ...config,
        args: ["-e", script, at("report"), ...(config.args ?? [])]
      }
      const [status] = yield* withManager(
        { servers: { one: server }, ...options, restarts: { maxDeaths: 1 }, ...more },
        ({ servers }) => Effect.map(servers, (all) => all.filter(({ name }) => name === "one"))
      )
      if (!fs.existsSync(at("report"))) return { ...none, problem: status?.problem ?? "" }
      return { ...(yield* decode(fs.readFileSync(at("report"), "utf8"))), problem: "" }
    })
  return { top, at, start }
})

const mode = (path: string) => fs.statSync(path).mode & 0o777

describe("the working directory of a server", () => {
  it.live("is an empty directory of the user if its configuration has no cwd", () =>
    Effect.gen(function* () {
      const { at, start } = yield* here
      const found = yield* start()
      assert.strictEqual(found.cwd, at("state/neutral/empty"))
      assert.deepStrictEqual(found.names, [])
      assert.deepStrictEqual([mode(at("state/neutral")), mode(at("state/neutral/empty"))], [0o700, 0o700])
      // A program that searches parent directories for a project stops here, at an empty one.
      assert.deepStrictEqual(fs.readdirSync(at("state/neutral")).sort(), ["empty", "package.json", "uv.toml"])
    })
  )

  it.live("is emptied each time, and files that were left there are moved aside", () =>
    Effect.gen(function* () {
      const { at, start } = yield* here
      yield* start({ args: ["litter"] })
      assert.deepStrictEqual(fs.readdirSync(at("state/neutral/empty")), [".npmrc"])
      fs.writeFileSync(at("state/neutral/package.json"), '{ "workspaces": ["x"] }')
      const found = yield* start()
      assert.strictEqual(found.cwd, at("state/neutral/empty"))
      assert.deepStrictEqual(found.names, [])
      const [left = "", ...others] = fs.readdirSync(at("state/neutral")).filter((name) => name.startsWith("left-"))
      assert.deepStrictEqual(others, [])
      assert.deepStrictEqual(fs.readdirSync(at(`state/neutral/${left}`)).sort(), [".npmrc", "empty", "node_modules"])
      assert.deepStrictEqual(
        fs.readdirSync(at("state/neutral")).filter((name) => name !== left),
        ["empty", "package.json", "uv.toml"]
      )
      assert.strictEqual(fs.readFileSync(at("state/neutral/package.json"), "utf8"), '{ "private": true }\n')
    })
  )

  it.live("is never one that another user could have filled", () =>
    Effect.gen(function* () {
      const { at, start } = yield* here
      yield* start()
      for (const path of [at("state/neutral/empty"), at("state/neutral"), at("state")]) {
        fs.chmodSync(path, 0o777)
        assert.match((yield* start()).problem, new RegExp(`${path}: can be written by other users`))
        fs.chmodSync(path, 0o700)
      }
      fs.renameSync(at("state/neutral"), at("elsewhere"))
      fs.symlinkSync(at("elsewhere"), at("state/neutral"))
      assert.match((yield* start()).problem, /is a symbolic link/)
      if (process.getuid?.() !== 0) return
      fs.unlinkSync(at("state/neutral"))
      fs.mkdirSync(at("state/neutral"))
      fs.chownSync(at("state/neutral"), 4321, 4321)
      assert.match((yield* start()).problem, /belongs to uid 4321/)
    })
  )

  it.live("is its cwd, relative to the workspace", () =>
    Effect.gen(function* () {
      const { at, start } = yield* here
      const cwds = {
        workspace: "ws",
        ".": "ws",
        sub: "ws/sub",
        "${workspaceRoot}/sub": "ws/sub",
        [at("state")]: "state"
      }
      for (const [cwd, expected] of Object.entries(cwds)) assert.strictEqual((yield* start({ cwd })).cwd, at(expected))
      assert.strictEqual((yield* start({ cwd: at("gone") })).problem.includes("there is no directory"), true)
      const without = yield* start({ cwd: "workspace" }, { workspaceRoot: undefined })
      assert.match(without.problem, /"cwd" is "workspace", and there is none/)
    })
  )

  it.live("is below the user's cache directory by default", () =>
    Effect.gen(function* () {
      const { start } = yield* here
      const { cwd } = yield* start({}, { neutralDirectory: undefined })
      assert.isTrue(cwd.endsWith(join("parley", "neutral", "empty")), cwd)
      assert.notStrictEqual(cwd, process.cwd())
      assert.match((yield* start({}, { neutralDirectory: "relative" })).problem, /is not an absolute path/)
    })
  )
})

describe("${workspaceRoot}", () => {
  const config = {
    args: ["${workspaceRoot}/a", "${workspaceRoot}:${workspaceRoot}", "$&"],
    env: { AT: "in ${workspaceRoot}" }
  }

  it.live("is replaced by the workspace's path in args and env, without changing the working directory", () =>
    Effect.gen(function* () {
      const { at, start } = yield* here
      const found = yield* start(config)
      assert.deepStrictEqual(found.args, [at("ws/a"), `${at("ws")}:${at("ws")}`, "$&"])
      assert.strictEqual(found.env["AT"], `in ${at("ws")}`)
      assert.strictEqual(found.cwd, at("state/neutral/empty"))
      const without = yield* start(config, { workspaceRoot: undefined })
      assert.match(without.problem, /has \$\{workspaceRoot\}, and there is no workspace/)
    })
  )

  it.live("is not replaced in a configuration that a project declares", () =>
    Effect.gen(function* () {
      const { at, start } = yield* here
      const found = yield* start({ ...config, cwd: at("ws") }, { literal: ["one"] })
      assert.deepStrictEqual(found.args, config.args)
      assert.strictEqual(found.env["AT"], config.env.AT)
      assert.strictEqual(found.cwd, at("ws"))
    })
  )

  it.live("cannot be part of the command", () =>
    Effect.gen(function* () {
      const { at, start } = yield* here
      fs.symlinkSync(process.execPath, at("ws/node"))
      const { problem } = yield* start({ command: "${workspaceRoot}/node" })
      assert.match(problem, /the command has \$\{workspaceRoot\}, which is replaced in "args", "env" and "cwd" only/)
    })
  )
})

it.live("a command that is a relative path requires a cwd", () =>
  Effect.gen(function* () {
    const { at, start } = yield* here
    const relative = join("..", "bin", "node")
    fs.mkdirSync(at("bin"))
    fs.symlinkSync(process.execPath, at("bin/node"))
    for (const command of [relative, "./server.js", "~/bin/server"])
      assert.include((yield* start({ command })).problem, `the command ${command} is not a whole path`)
    assert.strictEqual((yield* start({ command: relative, cwd: "workspace" })).cwd, at("ws"))
  })
)

it.live("a browser is not started in the project", () =>
  Effect.gen(function* () {
    const { at } = yield* here
    const done = 'fs.renameSync(file, file + ".done")'
    const url = "https://example.org/"
    assert.isTrue(yield* openBrowser([process.execPath, "-e", `${script}\n${done}`, at("report")], { url, host: "" }))
    const text = yield* eventually(
      Effect.sync(() => (fs.existsSync(at("report.done")) ? fs.readFileSync(at("report.done"), "utf8") : "")),
      (found) => found !== ""
    )
    const { args, cwd } = yield* decode(text)
    assert.deepStrictEqual([cwd, ...args], ["/", url])
  })
)
