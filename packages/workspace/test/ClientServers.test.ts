import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as ClientServers from "../src/config/ClientServers.ts"
import * as UserConfig from "../src/config/UserConfig.ts"
import * as UserServers from "../src/config/UserServers.ts"
import { json, message, put, temporary } from "./support.ts"

const claude = `{
  // what the desktop application starts
  "globalShortcut": "",
  "mcpServers": {
    "notes": { "command": "notes-server", "args": ["--root", "/srv/notes",], "env": { "LEVEL": "info" } },
  },
}`
const cursor = `{
  "mcpServers": {
    "remote": { "url": "https://example.org/mcp", "headers": { "Authorization": "Bearer \${env:TOKEN}" } },
    "local": { "command": "run", "args": ["\${workspaceFolder}/x"], "envFile": ".env", "autoApprove": ["a"] },
    "off": { "command": "run", "disabled": true }
  }
}`
const vscode = `{
  "inputs": [{ "id": "key", "type": "promptString", "description": "A key", "password": true }],
  "servers": {
    "files": { "type": "stdio", "command": "files", "env": { "PORT": 8080, "UNSET": null }, "cwd": "/srv" },
    "asked": { "type": "stdio", "command": "asked", "env": { "KEY": "\${input:key}", "REST": "\${KEY:-a secret}" } },
    "web": { "type": "http", "url": "https://example.org/mcp" },
    "old": { "type": "sse", "url": "https://example.org/sse" },
    "pipe": { "type": "websocket", "url": "https://example.org/ws" },
    "two words": { "command": "x" },
    "workspace": { "command": "x" },
    "neither": { "type": "stdio" },
    "wrong": { "command": "x", "args": "not a list" },
    "text": "x"
  }
}`
const written = (all: ReadonlyArray<ClientServers.ClientServer>) =>
  Object.fromEntries(all.flatMap((one) => (one._tag === "Usable" ? [[one.name, one.server]] : [])))
const whys = (all: ReadonlyArray<ClientServers.ClientServer>): { readonly [name: string]: string } =>
  Object.fromEntries(all.flatMap((one) => (one._tag === "Usable" ? [] : [[one.name, one.why]])))
const unresolved = (all: ReadonlyArray<ClientServers.ClientServer>) =>
  Object.fromEntries(
    all.flatMap((one) => (one._tag === "Usable" && one.unresolved.length > 0 ? [[one.name, one.unresolved]] : []))
  )

describe("servers from other programs' configurations", () => {
  it.effect("Claude Desktop: comments, trailing commas and other settings are accepted", () =>
    Effect.gen(function* () {
      const file = put(yield* temporary, "claude_desktop_config.json", claude)
      for (const format of ["auto", "claude"] as const)
        assert.deepStrictEqual(written(yield* ClientServers.load(file, format)), {
          notes: { command: "notes-server", args: ["--root", "/srv/notes"], env: { LEVEL: "info" } }
        })
    })
  )

  it.effect("Cursor: a variable is reported with its location, and its server is disabled", () =>
    Effect.gen(function* () {
      const file = put(yield* temporary, ".cursor/mcp.json", cursor)
      const all = yield* ClientServers.load(file, "cursor")
      assert.deepStrictEqual(written(all), {
        remote: {
          url: "https://example.org/mcp",
          headers: { Authorization: "Bearer ${env:TOKEN}" },
          disabled: true
        },
        local: { command: "run", args: ["${workspaceRoot}/x"], disabled: true },
        off: { command: "run", disabled: true }
      })
      assert.deepStrictEqual(unresolved(all), {
        remote: ["headers.Authorization has ${env:TOKEN}"],
        local: ["envFile is not read: copy its variables to env"]
      })
      assert.deepStrictEqual(
        all.map((one) => (one._tag === "Usable" ? one.ignored : [])),
        [[], ["autoApprove"], []]
      )
    })
  )

  it.effect("VS Code: inputs are reported, and only unusable servers are left out, with the reason", () =>
    Effect.gen(function* () {
      const file = put(yield* temporary, ".vscode/mcp.json", vscode)
      const all = yield* ClientServers.load(file, "auto")
      assert.deepStrictEqual(written(all), {
        files: { command: "files", env: { PORT: "8080" }, cwd: "/srv" },
        asked: { command: "asked", env: { KEY: "${input:key}", REST: "${KEY:-a secret}" }, disabled: true },
        web: { url: "https://example.org/mcp" },
        old: { url: "https://example.org/sse", transport: "sse" }
      })
      assert.deepStrictEqual(unresolved(all), { asked: ["env.KEY has ${input:key}", "env.REST has a variable"] })
      const { neither = "", pipe, text, "two words": words = "", workspace = "", wrong, ...others } = whys(all)
      assert.strictEqual(pipe, "Parley does not know its type; the types are stdio, http and sse")
      assert.match(workspace, /belongs to Parley's own tools/)
      assert.match(neither, /exactly one of "command"/)
      assert.strictEqual(wrong, "wrong.args: expected a list, found other text")
      assert.strictEqual(text, "it is not an object")
      assert.match(words, /cannot be the name of a server/)
      assert.deepStrictEqual(others, {})
    })
  )

  it.effect("the variable for the workspace root is translated where it has the same meaning", () =>
    Effect.gen(function* () {
      const root = "${workspaceFolder}"
      const servers = {
        all: { command: "run", args: [`${root}/a`, "b"], env: { AT: `in ${root}`, N: 1 }, cwd: root },
        below: { command: "run", cwd: `${root}/sub` },
        relative: { command: "run", cwd: "workspace" },
        ours: { command: "run", args: ["${workspaceRoot}"] },
        program: { command: `${root}/run` },
        named: { command: "run", args: ["${workspaceFolder:web}", "${workspaceFolderBasename}"] },
        here: { command: "./run" },
        sent: { url: `https://example.org/${root}` }
      }
      const file = put(yield* temporary, "mcp.json", json({ servers }))
      const all = yield* ClientServers.load(file, "vscode")
      assert.deepStrictEqual(written(all), {
        all: {
          command: "run",
          args: ["${workspaceRoot}/a", "b"],
          env: { AT: "in ${workspaceRoot}", N: "1" },
          cwd: "workspace"
        },
        below: { command: "run", cwd: "${workspaceRoot}/sub" },
        relative: { command: "run", cwd: "./workspace" },
        ours: { command: "run", args: ["${workspaceRoot}"] },
        program: { ...servers.program, disabled: true },
        named: { ...servers.named, disabled: true },
        here: { ...servers.here, disabled: true },
        sent: { ...servers.sent, disabled: true }
      })
      assert.deepStrictEqual(unresolved(all), {
        program: ["command has a variable"],
        named: ["args[0] has a variable", "args[1] has a variable"],
        here: ["command is a relative path: write an absolute path, or set cwd"],
        sent: ["url has a variable"]
      })
    })
  )

  it.effect("a file of another kind is an error with line and column", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const problem = (text: string, format: ClientServers.Format = "auto") =>
        Effect.map(Effect.flip(ClientServers.load(put(directory, "f.json", text), format)), message(directory))
      assert.strictEqual(
        yield* Effect.map(Effect.flip(ClientServers.load(`${directory}/none.json`, "auto")), message(directory)),
        "none.json: there is no such file"
      )
      assert.match(yield* problem('{ "mcpServers": { "a": { "command": "x" }'), /^f\.json:1:\d+: expected/)
      assert.match(yield* problem("{}"), /f\.json:1:1: expected servers under "mcpServers" or "servers", found none/)
      assert.match(yield* problem('{ "servers": {} }', "claude"), /expected servers under "mcpServers", found none/)
      assert.match(
        yield* problem('{ "servers": {}, "mcpServers": {} }'),
        /has both "mcpServers" and "servers"; choose the program it belongs to with/
      )
      assert.match(yield* problem('{ "servers": [] }'), /servers: expected an object with the servers by name/)
    })
  )

  it.effect("existing servers are not changed", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const mine = put(
        directory,
        "config.json",
        '{\n  "mcpServers": {\n    "web": { "command": "mine" } // mine\n  }\n}\n'
      )
      const all = yield* ClientServers.load(put(directory, "mcp.json", vscode), "vscode")
      const usable = all.flatMap((one) => (one._tag === "Usable" ? [one] : []))
      assert.deepStrictEqual([...(yield* UserServers.addMissing(mine, usable))], ["files", "asked", "old"])
      const { config } = yield* UserConfig.load(mine)
      assert.deepStrictEqual(config.mcpServers?.["web"], { command: "mine" })
      assert.include(fs.readFileSync(mine, "utf8"), "// mine")
      const { ino } = fs.statSync(mine)
      assert.deepStrictEqual([...(yield* UserServers.addMissing(mine, usable))], [])
      assert.strictEqual(fs.statSync(mine).ino, ino)
    })
  )
})
