import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { execFile } from "node:child_process"
import * as fs from "node:fs"
import { join } from "node:path"
import { env as inherited } from "node:process"
import { main, place } from "./support/Cli.ts"

const spoil = (path: string): RegExp => {
  if (process.getuid?.() === 0) fs.chownSync(path, 4321, 4321)
  else fs.chmodSync(path, 0o777)
  return /belongs to uid 4321 and not to you|can be written by other users/
}

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Array(Schema.String)))
const encode = Schema.encodeUnknownSync(Schema.fromJsonString(Schema.Unknown))
const limit = 120_000

/** Says in a file where it was started and with what. */
const script = `require("fs").writeFileSync(process.argv[1], JSON.stringify([process.cwd(), ...process.argv.slice(2)]))`

describe("in the home directory", () => {
  it.live(
    "a message is answered, no file is read, and nothing is written that would make it a workspace",
    () =>
      Effect.gen(function* () {
        const here = yield* place
        const at = { cwd: here.home }
        fs.mkdirSync(join(here.home, ".git"))
        fs.writeFileSync(join(here.home, "AGENTS.md"), "canary")
        const ran = yield* here.run(["run", "hi"], at)
        assert.strictEqual(ran.code, 0, ran.stderr)
        assert.match(ran.stderr, /is your home directory or one above it, so .* `--workspace /)
        const context = yield* here.run(["context", "hi"], at)
        assert.notInclude(context.stdout, "canary")
        assert.include(context.stderr, "is your home directory")
        const added = yield* here.run(["files", "add", "AGENTS.md"], at)
        assert.strictEqual(added.code, 2)
        assert.isFalse(fs.existsSync(join(here.home, ".parley")))
        const again = yield* here.run(["run", "-c", "again"], at)
        assert.strictEqual(again.code, 0, again.stderr)
        const named = yield* here.run(["context", "hi", "--workspace", "."], at)
        assert.include(named.stdout, "canary")
      }),
    limit
  )

  it.live(
    "a current directory that no longer exists is an error, and another can be named",
    () =>
      Effect.gen(function* () {
        const here = yield* place
        fs.mkdirSync(join(here.home, "gone"))
        const parley = `'${process.execPath}' '${main}' models`
        const script = `cd '${join(here.home, "gone")}' && rmdir "$PWD" && ${parley}; echo $?; ${parley} -w /; echo $?`
        const run = execFile("sh", ["-c", script], { env: { HOME: here.home, PATH: inherited["PATH"] } })
        let output = ""
        for (const pipe of [run.stdout, run.stderr]) pipe?.on("data", (text: string) => (output += text))
        yield* Effect.callback<void>((resume) => void run.on("close", () => resume(Effect.void)))
        assert.include(output, "the current directory no longer exists; change to one that exists")
        assert.match(output, /^3\n[^]*^0\n/m)
      }),
    limit
  )

  it.live(
    "another user's project is an error that names the reason",
    () =>
      Effect.gen(function* () {
        const here = yield* place
        here.write(".parley/prompt.json", '{"instructions":"canary"}')
        const words = spoil(join(here.workspace, ".parley"))
        const refused = yield* here.run(["context", "hi"])
        assert.strictEqual(refused.code, 3)
        assert.match(refused.stderr, words)
        assert.notInclude(refused.stdout, "canary")
      }),
    limit
  )
})

it.live(
  "logs and restart requests are not read from directories that another user can write",
  () =>
    Effect.gen(function* () {
      const here = yield* place
      here.configure({ mcpServers: { s: { command: "no-such-program" } } })
      const state = join(here.home, ".local/state/parley")
      fs.mkdirSync(join(state, "requests"), { recursive: true })
      fs.mkdirSync(join(here.home, "victim"))
      fs.writeFileSync(join(here.home, "victim/s.log"), "canary\n")
      fs.symlinkSync(join(here.home, "victim"), join(state, "mcp-logs"))
      const linked = yield* here.run(["mcp", "logs", "s"])
      assert.strictEqual(linked.code, 3)
      assert.match(linked.stderr, /mcp-logs: is a symbolic link/)
      assert.notInclude(linked.stdout, "canary")
      const words = spoil(join(state, "requests"))
      const restart = yield* here.run(["mcp", "restart", "s"])
      assert.strictEqual(restart.code, 3)
      assert.match(restart.stderr, words)
    }),
  limit
)

describe("where a server is started", () => {
  it.live(
    "is the same for every command, and the workspace only if configured",
    () =>
      Effect.gen(function* () {
        const here = yield* place
        const report = join(here.home, "report")
        const neutral = join(here.home, ".cache/parley/neutral/empty")
        const program = [process.execPath, "-e", script, report, "${workspaceRoot}/x"]
        const where = () => {
          const said = decode(fs.readFileSync(report, "utf8"))
          fs.rmSync(report)
          return said
        }
        const path = join(here.workspace, "x")
        yield* here.run(["mcp", "probe", "--", ...program])
        assert.deepStrictEqual(where(), [neutral, path])
        assert.strictEqual((yield* here.run(["mcp", "add", "s", "--", ...program])).code, 0)
        for (const args of [
          ["mcp", "inspect", "s"],
          ["mcp", "list"],
          ["tools"],
          ["run", "hi"],
          ["mcp", "trust", "s"]
        ]) {
          yield* here.run(args)
          assert.deepStrictEqual(where(), [neutral, path], args.join(" "))
        }
        yield* here.run(["mcp", "probe", "--cwd", "workspace", "--", ...program])
        assert.deepStrictEqual(where(), [here.workspace, path])
        const added = yield* here.run(["mcp", "add", "w", "--cwd", "workspace", "--", "w", "${workspaceRoot}"])
        assert.notInclude(added.stderr, "which Parley does not replace")
        assert.include(fs.readFileSync(join(here.home, ".config/parley/config.json"), "utf8"), '"cwd": "workspace"')
      }),
    limit
  )

  it.live(
    "is the project for a project's server, and no variables in its declaration are replaced",
    () =>
      Effect.gen(function* () {
        const here = yield* place
        const report = join(here.home, "report")
        const server = { command: process.execPath, args: ["-e", script, report, "${workspaceRoot}/x"] }
        here.write(".parley/mcp.json", encode({ mcpServers: { p: server } }))
        yield* here.run(["run", "hi", "--trust"])
        assert.deepStrictEqual(decode(fs.readFileSync(report, "utf8")), [here.workspace, "${workspaceRoot}/x"])
      }),
    limit
  )

  it.live(
    "is not the current directory: relative paths are reported",
    () =>
      Effect.gen(function* () {
        const here = yield* place
        here.write("server.js", "")
        const relative = yield* here.run(["mcp", "add", "a", "--", "./server.js"])
        assert.strictEqual(relative.code, 2)
        assert.include(relative.stderr, `use ${join(here.workspace, "server.js")}, or add --cwd DIR`)
        const stray = yield* here.run(["mcp", "add", "b", "--", "node", "server.js"])
        assert.strictEqual(stray.code, 0)
        assert.include(stray.stderr, `server.js is in the current directory, but the program does not start here`)
        const configured = { mcpServers: { c: { command: "./server.js" } } }
        here.configure(configured)
        const tools = yield* here.run(["tools"])
        assert.include(tools.stdout, "the command ./server.js is not a whole path")
      }),
    limit
  )
})

it.live(
  "a current directory that no longer exists is a clear error, and a workspace can still be named",
  () =>
    Effect.gen(function* () {
      const here = yield* place
      const inGone = (...more: ReadonlyArray<string>) =>
        Effect.callback<{ readonly code: number | string | undefined; readonly stderr: string }>((resume) => {
          execFile(
            "sh",
            [
              "-c",
              'mkdir gone && cd gone && rmdir ../gone && exec "$@"',
              "sh",
              process.execPath,
              main,
              "run",
              "hi",
              ...more
            ],
            { cwd: here.home, env: { PATH: inherited["PATH"], HOME: here.home } },
            (error, _stdout, stderr) => resume(Effect.succeed({ code: error?.code ?? 0, stderr }))
          )
        })
      for (const more of [[], ["--workspace", "x"]]) {
        const refused = yield* inGone(...more)
        assert.strictEqual(refused.code, 3, refused.stderr)
        assert.include(refused.stderr, "the current directory no longer exists; change to one that exists")
      }
      const named = yield* inGone("--workspace", here.workspace)
      assert.strictEqual(named.code, 0, named.stderr)
    }),
  limit
)

it.live(
  "in a renamed workspace, --continue and the list report where the sessions are and how to continue one",
  () =>
    Effect.gen(function* () {
      const here = yield* place
      assert.include((yield* here.run(["sessions", "list"])).stderr, `No sessions in ${here.workspace}\n`)
      const first = yield* here.run(["run", "hi"])
      const id = /session (\S+)/.exec(first.stderr)?.[1] ?? ""
      const cwd = `${here.workspace}-renamed`
      fs.renameSync(here.workspace, cwd)
      const advice = `the latest in ${here.workspace}: \`parley sessions list --all\` lists them, and \`-s ${id}\``
      const refused = yield* here.run(["run", "-c", "again"], { cwd })
      assert.strictEqual(refused.code, 2, refused.stderr)
      assert.include(refused.stderr, advice)
      const list = yield* here.run(["sessions", "list"], { cwd })
      assert.include(list.stderr, advice)
      assert.match(list.stdout, new RegExp(`^${id} .* ${here.workspace}$`, "m"))
      assert.strictEqual((yield* here.run(["run", "-s", id, "again"], { cwd })).code, 0)
      // Nothing of that where the other directory is still there.
      fs.mkdirSync(here.workspace)
      assert.strictEqual((yield* here.run(["sessions", "list"], { cwd })).stdout, "")
    }),
  limit
)
